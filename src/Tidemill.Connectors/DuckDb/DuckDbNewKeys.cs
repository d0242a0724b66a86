using Tidemill.Core.Batches;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.DuckDb;

/// <summary>
/// Inserts keys with ON CONFLICT DO NOTHING RETURNING, then joins what came back with the batch to find the rows: the
/// first row of each returned key is new. A row with a NULL in its key equals no other: it is always new and never
/// remembered.
/// </summary>
internal sealed class DuckDbNewKeys : IDisposable
{
    private readonly DuckDbDatabase _database;
    private readonly TableName _seen;
    private readonly int[] _keyColumns;
    private readonly ChunkSource _keys;
    private readonly ChunkSource _returned;
    private readonly DuckDbStatement _insert;
    private readonly DuckDbStatement _find;

    public DuckDbNewKeys(DuckDbConnection connection, TableName seen, Batch keys)
    {
        _database = connection.Database;
        _seen = seen;
        var names = keys.Schema.Fields.Select(field => field.Name).ToList();
        _keyColumns = KeyColumns(connection, seen, names);
        var types = keys.Chunks[0].Types;
        string[] keyNames = [.. _keyColumns.Select(i => names[i])];
        var (columns, key) = (SqlName.List(names), SqlName.List(keyNames));
        var present = string.Join(" AND ", keyNames.Select(name => $"{SqlName.Quote(name)} IS NOT NULL"));
        _keys = _database.Register(new ChunkSource(names, types, ordered: true));
        _returned = _database.Register(new ChunkSource(keyNames, [.. _keyColumns.Select(i => types[i])]));
        try
        {
            var returning = string.Join(", ", _keyColumns.Select(i => $"CAST({SqlName.Quote(names[i])} AS {types[i]})"));
            _insert = connection.Prepare(
                $"INSERT INTO {seen.Quoted} ({columns}) SELECT * FROM {_keys.Sql} WHERE {present} ON CONFLICT ({key}) DO NOTHING RETURNING {returning}");
            _find = connection.Prepare(
                $"SELECT min(tidemill_ordinal) FROM (SELECT {key}, row_number() OVER () - 1 AS tidemill_ordinal FROM {_keys.Sql}) AS k SEMI JOIN {_returned.Sql} AS r USING ({key}) GROUP BY {key}");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public bool Fits(TableName seen, Batch keys) =>
        _seen == seen && _keys.Types.AsSpan().SequenceEqual(keys.Chunks[0].Types.AsSpan())
        && _keys.Names.AsSpan().SequenceEqual(keys.Schema.Fields.Select(field => field.Name).ToArray());

    public bool[] Run(Batch keys)
    {
        var flags = new bool[keys.RowCount];
        var nulls = MarkNulls(keys, flags);
        var returned = new List<DataChunk>();
        try
        {
            _keys.Set(keys.Chunks);
            var inserted = Insert(returned);
            if (inserted == keys.RowCount - nulls)
            {
                Array.Fill(flags, true);
            }
            else if (inserted > 0)
            {
                _returned.Set(returned);
                MarkFirsts(flags);
            }

            return flags;
        }
        finally
        {
            _keys.Clear();
            _returned.Clear();
            returned.ForEach(chunk => chunk.Dispose());
        }
    }

    private long Insert(List<DataChunk> returned)
    {
        using var result = _insert.Query();
        var rows = 0L;
        while (result.Fetch() is { } chunk)
        {
            returned.Add(chunk);
            rows += chunk.Size;
        }

        return rows;
    }

    private void MarkFirsts(bool[] flags)
    {
        using var result = _find.Query();
        while (result.Fetch() is { } chunk)
        {
            using (chunk)
            {
                foreach (var ordinal in chunk[0].Data<long>()[..chunk.Size])
                {
                    flags[ordinal] = true;
                }
            }
        }
    }

    private int MarkNulls(Batch keys, bool[] flags)
    {
        var (first, nulls) = (0, 0);
        foreach (var chunk in keys.Chunks)
        {
            foreach (var column in _keyColumns.Where(column => chunk[column].HasNulls))
            {
                for (var row = 0; row < chunk.Size; row++)
                {
                    if (chunk[column].IsNull(row) && !flags[first + row])
                    {
                        flags[first + row] = true;
                        nulls++;
                    }
                }
            }

            first += chunk.Size;
        }

        return nulls;
    }

    private static int[] KeyColumns(DuckDbConnection connection, TableName seen, List<string> names)
    {
        var table = DuckDbCatalog.Describe(connection, seen)
            ?? throw new TidemillException(ErrorCode.NotFound, $"There is no table {seen} for seen keys.");
        var columns = table.PrimaryKey
            .Select(column => names.FindIndex(name => name.Equals(column, StringComparison.OrdinalIgnoreCase))).ToArray();
        return columns.Length > 0 && !columns.Contains(-1)
            ? columns
            : throw new TidemillException(ErrorCode.SchemaConflict,
                $"Table {seen} has the primary key ({string.Join(", ", table.PrimaryKey)}), the keys have the columns {string.Join(", ", names)}.");
    }

    public void Dispose()
    {
        _insert?.Dispose();
        _find?.Dispose();
        _database.Unregister(_keys);
        _database.Unregister(_returned);
    }
}
