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
    private readonly DuckDbConnection _connection;
    private readonly ChunkSource _source;
    private readonly DuckDbStatement _insert;
    private readonly TableWrite _write;
    private readonly string? _assignments;
    private Planned? _update;
    private Planned? _delete;

    /// <exception cref="Core.Errors.TidemillException">As <see cref="MergeSql.Assignments"/>.</exception>
    public DuckDbWrite(DuckDbConnection connection, TableWrite write, Batch rows)
    {
        (_connection, _write) = (connection, write);
        var names = rows.Schema.Fields.Select(field => field.Name).ToList();
        _assignments = write.Rule == ConflictRule.Append ? null : MergeSql.Assignments(write, names);
        _source = connection.Database.Register(new ChunkSource(names, rows.Chunks[0].Types));
        try
        {
            _insert = connection.Prepare($"INSERT INTO {write.Table.Quoted} ({SqlName.List(names)}) SELECT * FROM {_source.Sql}");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>An INSERT has nothing of the write but its table.</summary>
    public bool Fits(TableWrite write, Batch rows) =>
        (_write == write || (_assignments is null && _write.Table == write.Table && _write.Rule == write.Rule))
        && _source.Names.AsSpan().SequenceEqual(rows.Schema.Fields.Select(field => field.Name).ToArray())
        && _source.Types.AsSpan().SequenceEqual(rows.Chunks[0].Types.AsSpan());

    /// <summary>Inserts the rows, or those that <paramref name="chosen"/> has for each chunk (<see cref="ChunkSource.Set"/>).</summary>
    public long Insert(Batch rows, IReadOnlyList<uint[]?>? chosen = null) => Run(rows, chosen, () => _insert);

    /// <summary>Changes the stored rows that have the chosen rows' keys, and returns how many; null when a row is nothing but its key.</summary>
    /// <param name="rows">The batch.</param>
    /// <param name="chosen">Its rows; of distinct keys.</param>
    /// <param name="stored">How many rows the table has.</param>
    public long? Update(Batch rows, IReadOnlyList<uint[]?> chosen, long stored) => _assignments is null ? null : Run(
        rows, chosen, () => Plan(ref _update, stored, $"UPDATE {Stored} SET {_assignments} FROM {Written} WHERE {HaveEqualKeys}"));

    /// <summary>Deletes the stored rows that have the chosen rows' keys, and returns how many.</summary>
    /// <param name="rows">The batch.</param>
    /// <param name="chosen">Its rows.</param>
    /// <param name="stored">How many rows the table has.</param>
    public long Delete(Batch rows, IReadOnlyList<uint[]?> chosen, long stored) =>
        Run(rows, chosen, () => Plan(ref _delete, stored, $"DELETE FROM {Stored} USING {Written} WHERE {HaveEqualKeys}"));

    private string Stored => $"{_write.Table.Quoted} AS {MergeSql.StoredRow}";

    private string Written => $"{_source.Sql} AS {MergeSql.WrittenRow}";

    private string HaveEqualKeys => string.Join(
        " AND ", _write.Key.Select(SqlName.Quote).Select(name => $"{MergeSql.StoredRow}.{name} = {MergeSql.WrittenRow}.{name}"));

    /// <summary>Planned again when the table has doubled: DuckDB hashes the side of the join that was smaller then.</summary>
    private DuckDbStatement Plan(ref Planned? planned, long stored, string sql)
    {
        if (planned is null || stored > planned.Stored * 2)
        {
            var fresh = new Planned(_connection.Prepare(sql), stored);
            planned?.Statement.Dispose();
            planned = fresh;
        }

        return planned.Statement;
    }

    private long Run(Batch rows, IReadOnlyList<uint[]?>? chosen, Func<DuckDbStatement> statement)
    {
        if (chosen is not null && chosen.All(chunk => chunk is []))
        {
            return 0;
        }

        _source.Set(rows.Chunks, chosen);
        try
        {
            return statement().Execute();
        }
        finally
        {
            _source.Clear();
        }
    }

    public void Dispose()
    {
        _insert?.Dispose();
        _update?.Statement.Dispose();
        _delete?.Statement.Dispose();
        _connection.Database.Unregister(_source);
    }

    private sealed record Planned(DuckDbStatement Statement, long Stored);
}
