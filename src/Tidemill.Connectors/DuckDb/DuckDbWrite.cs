using Tidemill.Connectors.Tables;
using Tidemill.Core.Batches;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.DuckDb;

/// <summary>
/// One prepared table write over a source whose chunks are exchanged from batch to batch: INSERT ... SELECT that reads
/// the batch's vectors in place. DuckDB runs INSERT with ON CONFLICT on one thread and in row order, so that the first
/// of equal keys wins under Ignore; a plain INSERT is faster and may run in parallel.
/// </summary>
internal sealed class DuckDbWrite : IDisposable
{
    private readonly DuckDbDatabase _database;
    private readonly ChunkSource _source;
    private readonly ChunkSource? _unordered;
    private readonly DuckDbStatement _insert;
    private readonly DuckDbStatement? _plain;
    private readonly DuckDbStatement? _hasDuplicates;
    private readonly DuckDbStatement? _insertLast;
    private readonly TableWrite _write;

    public DuckDbWrite(DuckDbConnection connection, TableWrite write, Batch rows)
    {
        _write = write;
        _database = connection.Database;
        var names = rows.Schema.Fields.Select(field => field.Name).ToList();
        _source = _database.Register(new ChunkSource(names, rows.Chunks[0].Types, ordered: true));
        try
        {
            var into = $"INSERT INTO {write.Table.Quoted} AS {MergeSql.StoredRow} ({SqlName.List(names)})";
            var conflict = write.Rule == ConflictRule.Append ? "" : MergeSql.OnConflict(write, names);
            _insert = connection.Prepare($"{into} SELECT * FROM {_source.Sql} {conflict}");
            if (write.Rule is ConflictRule.Append or ConflictRule.Ignore)
            {
                _unordered = _database.Register(new ChunkSource(names, rows.Chunks[0].Types));
                _plain = connection.Prepare($"{into} SELECT * FROM {_unordered.Sql}");
            }

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

    public bool Fits(TableWrite write, Batch rows) =>
        (ReferenceEquals(_write, write) || _write == write)
        && _source.Names.AsSpan().SequenceEqual(rows.Schema.Fields.Select(field => field.Name).ToArray())
        && _source.Types.AsSpan().SequenceEqual(rows.Chunks[0].Types.AsSpan());

    /// <summary>Whether the next batch of an Ignore write may be tried as a plain INSERT.</summary>
    public ConflictTactic Tactic { get; } = new();

    public long Run(Batch rows)
    {
        if (_write.Rule == ConflictRule.Append)
        {
            return RunPlain(rows);
        }

        _source.Set(rows.Chunks);
        try
        {
            var written = HasDuplicates() ? _insertLast!.Execute() : _insert.Execute();
            Tactic.Staged(conflicts: written < rows.RowCount);
            return written;
        }
        finally
        {
            _source.Clear();
        }
    }

    /// <summary>Inserts without looking for equal keys; one fails the statement and with it the transaction.</summary>
    public long RunPlain(Batch rows)
    {
        _unordered!.Set(rows.Chunks);
        try
        {
            return _plain!.Execute();
        }
        finally
        {
            _unordered.Clear();
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
        _plain?.Dispose();
        _database.Unregister(_source);
        if (_unordered is not null)
        {
            _database.Unregister(_unordered);
        }
    }
}
