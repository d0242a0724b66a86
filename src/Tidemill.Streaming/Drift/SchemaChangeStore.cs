using System.Globalization;
using System.Text.Json;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;

namespace Tidemill.Streaming.Drift;

/// <summary>
/// A project's decision log in the warehouse. Its key is (project, stream, kind, path, new type, decision): several workers that see the
/// same drift write one entry, and writing one again changes nothing.
/// </summary>
public sealed class SchemaChangeStore(IWarehouse warehouse)
{
    private const string Columns =
        """project, stream, kind, path, new_type, decision, column_name, old_type, detail, topic, "partition", "offset", changed_at""";

    /// <summary>Entries, newest first; null for every stream.</summary>
    public async Task<IReadOnlyList<SchemaChange>> ListAsync(string? stream, int limit, CancellationToken cancellationToken)
    {
        var filter = stream is null ? "" : "AND stream = $2";
        var sql = string.Create(CultureInfo.InvariantCulture,
            $"SELECT {Columns} FROM {SystemTables.SchemaChanges} WHERE project = $1 {filter} ORDER BY changed_at DESC, stream, path, "
                + $"kind LIMIT {limit}");
        await using var result = await warehouse.QueryAsync(
            sql, stream is null ? [warehouse.Project] : [warehouse.Project, stream], readOnly: true, cancellationToken);
        var changes = new List<SchemaChange>();
        await foreach (var row in result.ReadRowsAsync(cancellationToken))
            changes.Add(FromRow(row));

        return changes;
    }

    /// <summary>Adds entries; those that are there already stay as they are. Durable on return.</summary>
    public Task AddAsync(IEnumerable<SchemaChange> changes, CancellationToken cancellationToken) =>
        warehouse.ExecuteInTransactionAsync([.. changes.Select(change => Insertion(warehouse.Project, change))], cancellationToken);

    /// <summary>The statement that adds an entry.</summary>
    internal static string Insertion(string project, SchemaChange change)
    {
        string?[] values =
        [
            Text(project),
            Text(change.Stream), Text(change.Kind.ToString()), Text(JsonSerializer.Serialize(change.Path)), Text(change.NewType ?? ""),
            Text(change.Decision.ToString()), Text(change.Column), Text(change.OldType), Text(change.Detail),
            Text(change.Position?.Partition.Topic), change.Position?.Partition.Partition.ToString(CultureInfo.InvariantCulture),
            change.Position?.Offset.ToString(),
            $"TIMESTAMP '{change.At.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture)}'",
        ];
        return $"INSERT INTO {SystemTables.SchemaChanges} ({Columns}) VALUES ({string.Join(", ", values.Select(v => v ?? "NULL"))}) ON "
            + "CONFLICT DO NOTHING";
    }

    private static string? Text(string? value) => value is null ? null : SqlName.Literal(value);

    private static SchemaChange FromRow(object?[] row) => new()
    {
        Stream = (string)row[1]!,
        Kind = Stored.Parse<SchemaChangeKind>((string)row[2]!),
        Path = JsonSerializer.Deserialize<List<string>>((string)row[3]!)!,
        NewType = (string)row[4]! is { Length: > 0 } type ? type : null,
        Decision = Stored.Parse<SchemaDecision>((string)row[5]!),
        Column = (string?)row[6],
        OldType = (string?)row[7],
        Detail = (string?)row[8],
        Position = row[9] is string topic
            ? new RecordPosition(new TopicPartition(topic, (int)row[10]!), new LogOffset((long)row[11]!))
            : null,
        At = new DateTimeOffset(DateTime.SpecifyKind((DateTime)row[12]!, DateTimeKind.Utc)),
    };
}
