using Tidemill.Connectors.Tables;
using Tidemill.Core.Batches;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.DuckDb;

/// <summary>
/// One prepared table write over a source whose chunks are exchanged from batch to batch: INSERT ... SELECT that reads
/// the batch's vectors in place. Rows of new keys and appended ones go in by a plain INSERT on all threads; DuckDB runs one with ON CONFLICT
/// on one thread and in row order.
/// </summary>
internal sealed class DuckDbWrite : IDisposable
{
    private readonly DuckDbDatabase _database;
    private readonly ChunkSource _source;
    private readonly DuckDbStatement _insert;
    private readonly DuckDbStatement? _hasDuplicates;
    private readonly DuckDbStatement? _insertLast;
    private readonly TableWrite _write;
    private readonly bool _isPlain;

    public DuckDbWrite(DuckDbConnection connection, TableWrite write, Batch rows)
    {
        _write = write;
        _database = connection.Database;
        var names = rows.Schema.Fields.Select(field => field.Name).ToList();
        _isPlain = write.Rule is ConflictRule.Append or ConflictRule.Ignore;
        _source = _database.Register(new ChunkSource(names, rows.Chunks[0].Types, ordered: !_isPlain));
        try
        {
            var into = $"INSERT INTO {write.Table.Quoted} AS {MergeSql.StoredRow} ({SqlName.List(names)})";
            var conflict = _isPlain ? "" : MergeSql.OnConflict(write, names);
            _insert = connection.Prepare($"{into} SELECT * FROM {_source.Sql} {conflict}");
            if (write.Rule == ConflictRule.Upsert)
            {
                var key = SqlName.List(write.Key);
                _hasDuplicates = connection.Prepare($"SELECT count(*) > count(DISTINCT ({key})) FROM {_source.Sql}");
                _insertLast = connection.Prepare(
                    $"{into} SELECT {SqlName.List(names)} FROM (SELECT *, row_number() OVER () AS tidemill_ordinal FROM {_source.Sql}) "
                    + $"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY tidemill_ordinal DESC) = 1 {conflict}");
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>A plain INSERT has nothing of the write but its table.</summary>
    public bool Fits(TableWrite write, Batch rows) =>
        (_write == write || (_isPlain && _write.Table == write.Table && _write.Rule == write.Rule))
        && _source.Names.AsSpan().SequenceEqual(rows.Schema.Fields.Select(field => field.Name).ToArray())
        && _source.Types.AsSpan().SequenceEqual(rows.Chunks[0].Types.AsSpan());

    /// <summary>Writes the rows, or those that <paramref name="chosen"/> has for each chunk (<see cref="ChunkSource.Set"/>).</summary>
    public long Run(Batch rows, IReadOnlyList<uint[]?>? chosen = null)
    {
        _source.Set(rows.Chunks, chosen);
        try
        {
            return HasDuplicates() ? _insertLast!.Execute() : _insert.Execute();
        }
        finally
        {
            _source.Clear();
        }
    }

    private bool HasDuplicates()
    {
        if (_hasDuplicates is null)
        {
            return false;
        }

        using var result = _hasDuplicates.Query();
        using var chunk = result.Fetch();
        return chunk is not null && chunk[0].Data<byte>()[0] != 0;
    }

    public void Dispose()
    {
        _insert?.Dispose();
        _hasDuplicates?.Dispose();
        _insertLast?.Dispose();
        _database.Unregister(_source);
    }
}
