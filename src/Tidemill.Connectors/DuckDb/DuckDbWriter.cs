using Tidemill.Connectors.DuckDb.Keys;
using Tidemill.Connectors.Tables;
using Tidemill.Core.Batches;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.DuckDb;

/// <summary>A stream's session. Prepared writes are kept from batch to batch.</summary>
internal sealed class DuckDbWriter : IWarehouseWriter
{
    private const int MaxPrepared = 32;

    private readonly List<DuckDbWrite> _writes = [];
    private readonly DuckDbSessions _sessions;
    private readonly string _project;
    private readonly TransactionKeys _keys;
    private readonly KeyedRows _rows = new();
    private DuckDbSession? _session;
    private bool _inTransaction;

    public DuckDbWriter(DuckDbSessions sessions, string project)
    {
        (_sessions, _project) = (sessions, project);
        _keys = new TransactionKeys(sessions, (work, token) => RunAsync(
            connection =>
            {
                work(connection);
                return true;
            },
            token));
    }

    public Task BeginAsync(CancellationToken cancellationToken) => Task.Run(() =>
    {
        if (_inTransaction)
            throw new InvalidOperationException("The writer has a transaction open.");

        if (_session is { IsClosing: true })
            DropSession();

        if (_session is null)
        {
            _session = _sessions.Rent();
            _session.Closing = ForgetPrepared;
        }

        _sessions.Memory.ThrowIfFull(_sessions.Keys.Bytes);
        _sessions.Run(_session, DuckDbWork.Writing, connection => connection.Execute("BEGIN TRANSACTION"), cancellationToken);
        _keys.Begin();
        _inTransaction = true;
    }, cancellationToken);

    public async Task<bool[]> InsertNewKeysAsync(TableName seen, Batch keys, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var flags = new bool[keys.RowCount];
        if (keys.RowCount > 0)
        {
            var write = new TableWrite(seen, ConflictRule.Ignore) { Key = [.. keys.Schema.Fields.Select(field => field.Name)] };
            await WriteByKeyAsync(write, keys, flags, cancellationToken);
        }

        return flags;
    }

    public async Task<long> WriteAsync(TableWrite write, Batch rows, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(write);
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.RowCount == 0)
            return 0;

        if (write.Rule != ConflictRule.Append)
            return await WriteByKeyAsync(write, rows, null, cancellationToken);

        await _keys.ChangeAsync(name => KeyedTables.AreSame(name, write.Table), cancellationToken);
        return await RunAsync(connection => Prepared(connection, write, rows).Insert(rows), cancellationToken);
    }

    /// <summary>
    /// Writes the rows whose key the table does not hold, and those with a NULL in it if the table takes them; with
    /// <paramref name="flags"/> the latter are flagged instead, as are new ones. Rows whose key it holds are left out, or
    /// change the stored ones.
    /// </summary>
    private async Task<long> WriteByKeyAsync(TableWrite write, Batch rows, bool[]? flags, CancellationToken cancellationToken)
    {
        var columns = MergeSql.KeyColumns(write, [.. rows.Schema.Fields.Select(field => field.Name)]);
        var table = await _keys.EnterAsync(
            write.Table, write.Key, [.. columns.Select(column => rows.Chunks[0].Types[column])], cancellationToken);
        return await RunAsync(
            connection =>
            {
                var prepared = Prepared(connection, write, rows);
                return write.Rule == ConflictRule.Ignore
                    ? prepared.Insert(rows, _rows.TakeFirst(table, rows, columns, orNull: flags is null, flags))
                    : Change(prepared, table, rows, columns, write.Rule);
            },
            cancellationToken);
    }

    /// <summary>
    /// Rows that replace stored ones whole are deleted and inserted: for a change in place DuckDB reads, for each column, the
    /// 2,048 rows around each. Columns that the batch has not stay as they are: then it is changed in place.
    /// </summary>
    /// <exception cref="TidemillException">
    /// TransactionConflict: not all rows with known keys were found. The keys are those of now, the rows those of the
    /// transaction's first statement.
    /// </exception>
    private long Change(DuckDbWrite prepared, KeyedTable table, Batch rows, ReadOnlySpan<int> columns, ConflictRule rule)
    {
        var replaces = rule == ConflictRule.Upsert && table.IsReplacedBy(rows.Schema);
        var (inserted, known) = _rows.TakeLast(table, rows, columns, areDistinct: rule == ConflictRule.Merge, replaces);
        var changed = replaces ? prepared.Delete(rows, known, table.Count) : prepared.Update(rows, known, table.Count);
        if (changed is { } count && count != KeyedRows.Count(rows, known))
        {
            table.Forget();
            throw new TidemillException(ErrorCode.TransactionConflict,
                $"Table {table.Name}: the transaction began before another one inserted rows that it is to change.");
        }

        return prepared.Insert(rows, inserted) + (replaces ? 0 : changed ?? 0);
    }

    /// <summary>The prepared one that fits, or a new one; the oldest goes when there are too many.</summary>
    private DuckDbWrite Prepared(DuckDbConnection connection, TableWrite write, Batch rows)
    {
        if (_writes.Find(known => known.Fits(write, rows)) is { } fitting)
            return fitting;

        if (_writes.Count == MaxPrepared)
        {
            _writes[0].Dispose();
            _writes.RemoveAt(0);
        }

        var made = new DuckDbWrite(connection, write, rows);
        _writes.Add(made);
        return made;
    }

    public Task AdvanceAsync(CheckpointOwner owner, IReadOnlyList<OffsetRange> ranges, CancellationToken cancellationToken) =>
        RunAsync(connection =>
        {
            foreach (var range in ranges)
                Advance(connection, owner, range);

            return true;
        }, cancellationToken, DuckDbWork.Committing);

    private void Advance(DuckDbConnection connection, CheckpointOwner owner, OffsetRange range)
    {
        object?[] parameters =
        [
            _project, owner.Stream, owner.Sink, range.Partition.Topic, range.Partition.Partition, range.End.Value, range.Start.Value,
        ];
        const string Update = $"UPDATE {SystemTables.Checkpoints} SET next_offset = $6, updated_at = (now() AT TIME ZONE 'UTC')"
            + " WHERE project = $1 AND stream = $2 AND sink = $3 AND topic = $4 AND \"partition\" = $5 AND next_offset = $7";
        const string Insert =
            $"INSERT INTO {SystemTables.Checkpoints} (project, stream, sink, topic, \"partition\", next_offset, updated_at)"
            + " VALUES ($1, $2, $3, $4, $5, $6, now() AT TIME ZONE 'UTC') ON CONFLICT DO NOTHING";
        if (DuckDbWarehouse.Execute(connection, Update, parameters) == 0
            && DuckDbWarehouse.Execute(connection, Insert, parameters[..6]) == 0)
        {
            throw new TidemillException(ErrorCode.CheckpointFenced,
                $"Stream {owner.Stream}, sink {owner.Sink}: the checkpoint of {range.Partition} is not at {range.Start}; another "
                    + $"writer moved it.");
        }
    }

    public async Task<long> ExecuteAsync(string sql, IReadOnlyList<object?> parameters, CancellationToken cancellationToken)
    {
        var targets = _sessions.TargetsOf([sql]);
        await _keys.ChangeAsync(name => targets.MayChange(name), cancellationToken);
        return await RunAsync(connection => DuckDbWarehouse.Execute(connection, sql, parameters), cancellationToken);
    }

    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RunAsync(
                connection =>
                {
                    var done = connection.Execute("COMMIT");
                    _sessions.Memory.Follow(connection);
                    return done;
                },
                cancellationToken,
                DuckDbWork.Committing);
        }
        catch
        {
            _keys.OnCommitUnknown();
            throw;
        }

        _inTransaction = false;
        _keys.End(committed: true);
    }

    public async Task RollbackAsync()
    {
        try
        {
            await Task.Run(RollBack);
        }
        finally
        {
            _keys.End(committed: false);
        }
    }

    private void RollBack()
    {
        if (!_inTransaction || _session is not { } session)
            return;

        _inTransaction = false;
        try
        {
            _sessions.Run(session, DuckDbWork.Writing, connection => connection.Execute("ROLLBACK"), CancellationToken.None);
        }
        catch (TidemillException)
        {
            // A failed commit has ended the transaction already; a session in doubt is replaced.
            DropSession();
        }
    }

    private Task<T> RunAsync<T>(
        Func<DuckDbConnection, T> work, CancellationToken cancellationToken, DuckDbWork kind = DuckDbWork.Writing)
    {
        if (!_inTransaction || _session is not { } session)
            throw new InvalidOperationException("The writer has no transaction open.");

        _keys.Run();
        return Task.Run(() => _sessions.Run(session, kind, work, cancellationToken), cancellationToken);
    }

    private void DropSession()
    {
        if (_session is not null)
        {
            _sessions.Drop(_session);
            _session = null;
        }
    }

    private void ForgetPrepared()
    {
        _writes.ForEach(write => write.Dispose());
        _writes.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await RollbackAsync();
        DropSession();
    }
}
