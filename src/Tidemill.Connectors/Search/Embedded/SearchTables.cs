using System.Globalization;
using System.Text.Json;
using Tidemill.Connectors.DuckDb;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Search;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.Search.Embedded;

/// <summary>The store's tables as one session sees them, inside its transaction if it has one.</summary>
internal sealed class SearchTables(DuckDbConnection connection, string description)
{
    public DuckDbConnection Connection => connection;

    /// <summary>NotFound: there is no such index.</summary>
    public FieldMapper Require(string index) => ReadMapping(index) ?? throw NotFound(index);

    public FieldMapper? ReadMapping(string index)
    {
        var found = Read("SELECT mapping FROM indexes WHERE name = $1", [index], (chunk, row) => ParseMapping(chunk[0].GetString(row)));
        return found.Count == 0 ? null : new FieldMapper(found[0]);
    }

    public void WriteMapping(string index, FieldMapper mapper) => Write(
        "INSERT INTO indexes VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET mapping = excluded.mapping",
        index, JsonSerializer.Serialize(mapper.Fields));

    public void WriteIfChanged(string index, FieldMapper mapper)
    {
        if (mapper.Changed)
            WriteMapping(index, mapper);
    }

    public bool Exists(string index) => Names(index).Count > 0;

    /// <summary>The parameters that name an index, or all behind an alias, and their values. NotFound: there is neither.</summary>
    public (string Names, List<object> Values) Resolve(string index)
    {
        var names = Names(index);
        return names.Count == 0
            ? throw NotFound(index)
            : (string.Join(", ", names.Select((_, i) => string.Create(CultureInfo.InvariantCulture, $"${i + 1}"))), names);
    }

    private List<object> Names(string index) => Read(
        "SELECT name FROM indexes WHERE name = $1 UNION SELECT index_name FROM aliases WHERE alias = $1", [index],
        (chunk, row) => (object)chunk[0].GetString(row));

    /// <summary>Carries out a bulk body's operations, those of one index together.</summary>
    public BulkAnswer Write(IReadOnlyList<(string Index, IndexOperation Operation)> operations)
    {
        long changed = 0;
        var refused = new List<RefusedOperation>();
        foreach (var group in operations.Select((o, i) => (o.Index, o.Operation, Position: i)).GroupBy(o => o.Index))
        {
            var mapper = Require(group.Key);
            var members = group.ToList();
            var results = new BulkWrite(connection, group.Key, mapper).Write([.. members.Select(m => m.Operation)]);
            WriteIfChanged(group.Key, mapper);
            changed += members.Where((member, i) => IsChange(member.Operation, results[i].Outcome)).LongCount();
            refused.AddRange(members.Zip(results).Where(p => p.Second.Outcome == IndexOutcome.Rejected)
                .Select(p => new RefusedOperation(p.First.Position, p.Second.Reason!)));
        }

        return new BulkAnswer(changed, [.. refused.OrderBy(r => r.Operation)]);
    }

    /// <summary>As a server counts: a document written again with the same content is written.</summary>
    private static bool IsChange(IndexOperation operation, IndexOutcome outcome) =>
        outcome is IndexOutcome.Created or IndexOutcome.Updated
        || (outcome == IndexOutcome.Unchanged && !operation.CreateOnly && !operation.IsDelete && !operation.IsStale);

    public IReadOnlyDictionary<TopicPartition, LogOffset> ReadCheckpoints(
        CheckpointOwner owner, IReadOnlyCollection<TopicPartition> partitions) => Read(
        "SELECT topic, partition, next_offset FROM checkpoints WHERE stream = $1 AND sink = $2", [owner.Stream, owner.Sink],
        (chunk, row) => (
            Partition: new TopicPartition(chunk[0].GetString(row), chunk[1].Data<int>()[row]),
            Next: new LogOffset(chunk[2].Data<long>()[row])))
        .Where(p => partitions.Contains(p.Partition)).ToDictionary(p => p.Partition, p => p.Next);

    public bool RequireCheckpoints(CheckpointOwner owner, IReadOnlyList<OffsetRange> ranges)
    {
        var held = ReadCheckpoints(owner, [.. ranges.Select(range => range.Partition)]);
        foreach (var range in ranges)
            CheckpointPositions.Require(owner, range, held.TryGetValue(range.Partition, out var position) ? position : null);

        return true;
    }

    public void SetCheckpoints(CheckpointOwner owner, IReadOnlyList<OffsetRange> ranges)
    {
        using var statement = connection.Prepare(
            """
            INSERT INTO checkpoints VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (stream, sink, topic, partition) DO UPDATE SET next_offset = excluded.next_offset
            """);
        foreach (var range in ranges)
        {
            statement.BindAny(1, owner.Stream);
            statement.BindAny(2, owner.Sink);
            statement.BindAny(3, range.Partition.Topic);
            statement.BindAny(4, range.Partition.Partition);
            statement.BindAny(5, range.End.Value);
            statement.Execute();
        }
    }

    public void Write(string sql, params string[] parameters)
    {
        using var statement = connection.Prepare(sql);
        for (var i = 0; i < parameters.Length; i++)
            statement.Bind(i + 1, parameters[i]);

        statement.Execute();
    }

    public List<T> Read<T>(string sql, IReadOnlyList<object> parameters, Func<DataChunk, int, T> read) =>
        StoreRows.Read(connection, sql, parameters, read);

    public static Dictionary<string, string> ParseMapping(string json) =>
        JsonSerializer.Deserialize<Dictionary<string, string>>(json) ?? [];

    private TidemillException NotFound(string index) => new(ErrorCode.NotFound, $"There is no index {index} in {description}.");
}
