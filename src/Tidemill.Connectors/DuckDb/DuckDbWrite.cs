using Tidemill.Connectors.Tables;
using Tidemill.Core.Batches;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.DuckDb;

/// <summary>
/// The prepared statements of a table write over a source whose chunks are exchanged from batch to batch; they read the batch's vectors in
/// place, on all threads. The caller knows which keys the table holds, and chooses the rows for each.
/// </summary>
internal sealed class DuckDbWrite : IDisposable
{
    private readonly DuckDbDatabase _database;
    private readonly ChunkSource _source;
    private readonly TableWrite _write;
    private readonly Planned _insert;
    private readonly Planned _delete;

    // Null when a stored row stays as it is.
    private readonly Planned? _update;

    /// <exception cref="Core.Errors.TidemillException">As <see cref="MergeSql.Assignments"/>.</exception>
    public DuckDbWrite(DuckDbConnection connection, TableWrite write, Batch rows)
    {
        (_database, _write) = (connection.Database, write);
        var names = rows.Schema.Fields.Select(field => field.Name).ToList();
        var assignments = write.Rule == ConflictRule.Append ? null : MergeSql.Assignments(write, names);
        _source = _database.Register(new ChunkSource(names, rows.Chunks[0].Types));
        var (stored, written) = ($"{write.Table.Quoted} AS {MergeSql.StoredRow}", $"{_source.Sql} AS {MergeSql.WrittenRow}");
        var haveEqualKeys = string.Join(
            " AND ", write.Key.Select(SqlName.Quote).Select(name => $"{MergeSql.StoredRow}.{name} = {MergeSql.WrittenRow}.{name}"));
        _insert = new(connection, $"INSERT INTO {write.Table.Quoted} ({SqlName.List(names)}) SELECT * FROM {_source.Sql}");
        _delete = new(connection, $"DELETE FROM {stored} USING {written} WHERE {haveEqualKeys}");
        _update = assignments is null ? null : new(connection, $"UPDATE {stored} SET {assignments} FROM {written} WHERE {haveEqualKeys}");
        try
        {
            _insert.For(0);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>An INSERT has nothing of the write but its table.</summary>
    public bool Fits(TableWrite write, Batch rows) =>
        (_write == write || (_update is null && _write.Table == write.Table && _write.Rule == write.Rule))
        && _source.Names.AsSpan().SequenceEqual(rows.Schema.Fields.Select(field => field.Name).ToArray())
        && _source.Types.AsSpan().SequenceEqual(rows.Chunks[0].Types.AsSpan());

    /// <summary>Inserts the rows, or those that <paramref name="chosen"/> has for each chunk (<see cref="ChunkSource.Set"/>).</summary>
    public long Insert(Batch rows, IReadOnlyList<uint[]?>? chosen = null) => Run(_insert, rows, chosen);

    /// <summary>Changes the stored rows that have the chosen rows' keys, and returns how many; null when a row is nothing but
    /// its key.</summary>
    /// <param name="rows">The batch.</param>
    /// <param name="chosen">Its rows; of distinct keys.</param>
    /// <param name="stored">How many rows the table has.</param>
    public long? Update(Batch rows, IReadOnlyList<uint[]?> chosen, long stored) =>
        _update is null ? null : Run(_update, rows, chosen, stored);

    /// <summary>Deletes the stored rows that have the chosen rows' keys, and returns how many.</summary>
    /// <param name="rows">The batch.</param>
    /// <param name="chosen">Its rows.</param>
    /// <param name="stored">How many rows the table has.</param>
    public long Delete(Batch rows, IReadOnlyList<uint[]?> chosen, long stored) => Run(_delete, rows, chosen, stored);

    private long Run(Planned statement, Batch rows, IReadOnlyList<uint[]?>? chosen, long stored = 0)
    {
        if (chosen is not null && chosen.All(chunk => chunk is []))
            return 0;

        _source.Set(rows.Chunks, chosen);
        try
        {
            return statement.For(stored).Execute();
        }
        finally
        {
            _source.Clear();
        }
    }

    public void Dispose()
    {
        _insert.Dispose();
        _delete.Dispose();
        _update?.Dispose();
        _database.Unregister(_source);
    }

    /// <summary>Prepared when it is first run, and again when the table has doubled: DuckDB hashes the side of a join that was
    /// smaller then.</summary>
    private sealed class Planned(DuckDbConnection connection, string sql) : IDisposable
    {
        private DuckDbStatement? _statement;
        private long _stored;

        public DuckDbStatement For(long stored)
        {
            if (_statement is null || stored > _stored * 2)
            {
                var fresh = connection.Prepare(sql);
                Dispose();
                (_statement, _stored) = (fresh, stored);
            }

            return _statement;
        }

        public void Dispose() => _statement?.Dispose();
    }
}
