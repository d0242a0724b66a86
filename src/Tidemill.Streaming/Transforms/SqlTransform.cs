using System.Collections.Immutable;
using Tidemill.Core.Batches;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Schemas;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Streaming.Transforms;

/// <summary>
/// A stream's SELECT, prepared once and run on each batch by an in-memory DuckDB of its own with one thread, so that rows
/// keep their order. Parallelism comes from the stages around it. Used by one caller at a time.
/// </summary>
internal sealed class SqlTransform : IDisposable
{
    private const string FlagColumn = "_new";
    private static readonly ImmutableArray<LogicalType> FlagTypes = [LogicalType.Boolean];

    private static readonly HashSet<string> Metadata = new(
        ["_topic", "_partition", "_offset", "_timestamp", "_key"], StringComparer.OrdinalIgnoreCase);

    private readonly SqlText _sql;
    private readonly DuckDbDatabase _database;
    private readonly DuckDbConnection _connection;
    private readonly ChunkSource _rows;
    private readonly ChunkSource? _flags;
    private readonly DuckDbStatement _statement;

    /// <param name="sql">SELECT over <c>batch</c>.</param>
    /// <param name="input">Columns of <c>batch</c>.</param>
    /// <param name="casts">Output columns that get another type than the SELECT gives them.</param>
    /// <param name="flagged">True when each run is given one flag a row and sees only the rows flagged true.</param>
    public SqlTransform(SqlText sql, Schema input, IReadOnlyDictionary<string, FieldType> casts, bool flagged)
    {
        _sql = sql;
        _database = ScratchDatabase.Open(threads: 1, "512MB");
        try
        {
            _connection = _database.ConnectInUtc();
            _rows = _database.Register(new ChunkSource(
                [.. input.Fields.Select(f => f.Name)], [.. input.Fields.Select(f => f.Type.ToLogical())], ordered: true));
            _flags = flagged ? _database.Register(new ChunkSource([FlagColumn], FlagTypes, ordered: true)) : null;
            _connection.Execute($"CREATE TEMP VIEW batch AS {BatchSql(input)}");
            _connection.Lock();
            _statement = _connection.Prepare(WithCasts(_connection, sql.Text, casts));
            Output = OutputSchema(_statement);
        }
        catch (DuckDbException error)
        {
            Dispose();
            throw Failure(ErrorCode.SqlInvalid, error);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public Schema Output { get; }

    /// <summary>Runs the SELECT; TransformFailed when it fails on some row.</summary>
    public Batch Run(IReadOnlyList<DataChunk> chunks, bool[]? flags = null)
    {
        var flagChunks = flags is null ? [] : FlagChunks(flags, chunks);
        var output = new List<DataChunk>();
        try
        {
            _rows.Set(chunks);
            _flags?.Set(flagChunks);
            using var result = _statement.Query();
            while (result.Fetch() is { } chunk)
                output.Add(chunk);

            return new Batch(Output, output);
        }
        catch (DuckDbException error)
        {
            output.ForEach(chunk => chunk.Dispose());
            throw Failure(ErrorCode.TransformFailed, error);
        }
        finally
        {
            _rows.Clear();
            _flags?.Clear();
            foreach (var chunk in flagChunks)
                chunk.Dispose();
        }
    }

    public void Dispose()
    {
        _statement?.Dispose();
        _connection?.Dispose();
        _database.Dispose();
    }

    private string BatchSql(Schema input) => _flags is null
        ? $"SELECT * FROM {_rows.Sql}"
        : $"SELECT {SqlName.List(input.Fields.Select(f => f.Name))} FROM {_rows.Sql} POSITIONAL JOIN {_flags.Sql} WHERE {FlagColumn}";

    /// <summary>
    /// The SELECT with its columns cast to the types given. A metadata column that the SQL names beside * comes twice, as *
    /// holds it then: one of the two is left out.
    /// </summary>
    internal static string WithCasts(DuckDbConnection connection, string select, IReadOnlyDictionary<string, FieldType> casts)
    {
        var text = select.TrimEnd().TrimEnd(';');
        using var probe = connection.Prepare(text);
        var twice = probe.ColumnNames.GroupBy(name => name, StringComparer.OrdinalIgnoreCase)
            .Any(g => g.Count() > 1 && Metadata.Contains(g.Key));
        if (casts.Count == 0 && !twice)
            return text;

        var names = probe.ColumnNames.Where((name, i) => !Metadata.Contains(name)
            || probe.ColumnNames.Take(i).All(before => !before.Equals(name, StringComparison.OrdinalIgnoreCase)));
        var columns = names.Select(name => casts.TryGetValue(name, out var type)
            ? $"CAST({SqlName.Quote(name)} AS {type}) AS {SqlName.Quote(name)}"
            : SqlName.Quote(name));
        return $"SELECT {string.Join(", ", columns)} FROM (\n{text}\n) AS transformed";
    }

    private Schema OutputSchema(DuckDbStatement statement)
    {
        var fields = new List<Field>();
        for (var i = 0; i < statement.ColumnNames.Count; i++)
        {
            var name = statement.ColumnNames[i];
            var type = FieldTypes.FromLogical(statement.ColumnTypes[i]) ?? throw new TidemillException(
                ErrorCode.SqlInvalid,
                $"{_sql.File}:{_sql.Line}: column {name} has type {statement.ColumnTypes[i]}, which no sink takes. Cast it, for "
                    + $"example with to_json({name}).")
            { SqlLine = _sql.Line };
            if (fields.Exists(f => f.Name.Equals(name, StringComparison.OrdinalIgnoreCase)))
            {
                throw new TidemillException(
                    ErrorCode.SqlInvalid,
                    $"{_sql.File}:{_sql.Line}: the rows have two columns {name}. Leave one out, or name it otherwise with AS.")
                { SqlLine = _sql.Line };
            }

            fields.Add(new Field(name, type));
        }

        return new Schema(fields);
    }

    private static List<DataChunk> FlagChunks(bool[] flags, IReadOnlyList<DataChunk> chunks)
    {
        var result = new List<DataChunk>(chunks.Count);
        var start = 0;
        foreach (var chunk in chunks)
        {
            var flagChunk = DataChunk.Create(FlagTypes);
            flags.AsSpan(start, chunk.Size).CopyTo(flagChunk[0].Data<bool>());
            flagChunk.Size = chunk.Size;
            start += chunk.Size;
            result.Add(flagChunk);
        }

        return result;
    }

    /// <summary>Messages keep to DuckDB's text without the values it quotes.</summary>
    private TidemillException Failure(ErrorCode code, DuckDbException error)
    {
        var text = code == ErrorCode.SqlInvalid ? error.Message : error.LogText;
        var line = _sql.Line + Math.Max(error.SqlLine - 1, 0);
        return new TidemillException(code, $"{_sql.File}:{line}: {text}", error) { SqlLine = line };
    }
}
