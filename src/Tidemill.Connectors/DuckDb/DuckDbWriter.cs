using Tidemill.Core.Batches;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.DuckDb;

/// <summary>A stream's session. Prepared writes are kept from batch to batch.</summary>
internal sealed class DuckDbWriter(DuckDbSessions sessions) : IWarehouseWriter
{
    private const int MaxPrepared = 32;

    private readonly List<DuckDbWrite> _writes = [];
    private readonly List<DuckDbNewKeys> _newKeys = [];
    private DuckDbSession? _session;
    private bool _inTransaction;
    private bool _isFresh;

    public Task BeginAsync(CancellationToken cancellationToken) => Task.Run(() =>
    {
        if (_inTransaction)
        {
            throw new InvalidOperationException("The writer has a transaction open.");
        }

        if (_session is { IsClosing: true })
        {
            DropSession();
        }

        if (_session is null)
        {
            _session = sessions.Rent();
            _session.Closing = ForgetPrepared;
        }

        sessions.Memory.ThrowIfFull();
        sessions.Run(_session, DuckDbWork.Writing, connection => connection.Execute("BEGIN TRANSACTION"), cancellationToken);
        _inTransaction = true;
        _isFresh = true;
    }, cancellationToken);

    public Task<bool[]> InsertNewKeysAsync(TableName seen, Batch keys, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(keys);
        return keys.RowCount == 0
            ? Task.FromResult(Array.Empty<bool>())
            : RunAsync(connection => Prepared(_newKeys, known => known.Fits(seen, keys), () => new DuckDbNewKeys(connection, seen, keys))
                .Run(keys), cancellationToken);
    }

    public Task<long> WriteAsync(TableWrite write, Batch rows, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(write);
        ArgumentNullException.ThrowIfNull(rows);
        var isFirst = _isFresh;
        return rows.RowCount == 0
            ? Task.FromResult(0L)
            : RunAsync(connection =>
            {
                var prepared = Prepared(_writes, known => known.Fits(write, rows), () => new DuckDbWrite(connection, write, rows));
                return write.Rule == ConflictRule.Ignore && isFirst && prepared.Tactic.IsDirect
                    ? WriteOptimistically(connection, prepared, rows)
                    : prepared.Run(rows);
            }, cancellationToken);
    }

    /// <summary>
    /// A plain INSERT as the transaction's first work; when a key was there, the transaction is begun anew and the rows go
    /// in by ON CONFLICT. Nothing else is in the transaction yet that could be lost with it.
    /// </summary>
    private static long WriteOptimistically(DuckDbConnection connection, DuckDbWrite prepared, Batch rows)
    {
        try
        {
            var written = prepared.RunPlain(rows);
            prepared.Tactic.DirectSucceeded();
            return written;
        }
        catch (DuckDbException error) when (error.ErrorType == DuckDbErrorType.Constraint)
        {
            prepared.Tactic.DirectFailed();
            connection.Rollback();
            connection.Begin();
            return prepared.Run(rows);
        }
    }

    /// <summary>The prepared one that fits, or a new one; the oldest goes when there are too many.</summary>
    private static T Prepared<T>(List<T> known, Predicate<T> fits, Func<T> make) where T : IDisposable
    {
        if (known.FindIndex(fits) is var index and >= 0)
        {
            return known[index];
        }

        if (known.Count == MaxPrepared)
        {
            known[0].Dispose();
            known.RemoveAt(0);
        }

        var made = make();
        known.Add(made);
        return made;
    }

    public Task AdvanceAsync(CheckpointOwner owner, IReadOnlyList<OffsetRange> ranges, CancellationToken cancellationToken) =>
        RunAsync(connection =>
        {
            foreach (var range in ranges)
            {
                Advance(connection, owner, range);
            }

            return true;
        }, cancellationToken, DuckDbWork.Committing);

    private static void Advance(DuckDbConnection connection, CheckpointOwner owner, OffsetRange range)
    {
        object?[] parameters =
        [
            owner.Stream, owner.Sink, range.Partition.Topic, range.Partition.Partition, range.End.Value, range.Start.Value,
        ];
        const string Update = $"UPDATE {SystemTables.Checkpoints} SET next_offset = $5, updated_at = (now() AT TIME ZONE 'UTC')"
            + " WHERE stream = $1 AND sink = $2 AND topic = $3 AND \"partition\" = $4 AND next_offset = $6";
        const string Insert = $"INSERT INTO {SystemTables.Checkpoints} (stream, sink, topic, \"partition\", next_offset, updated_at)"
            + " VALUES ($1, $2, $3, $4, $5, now() AT TIME ZONE 'UTC') ON CONFLICT DO NOTHING";
        if (DuckDbWarehouse.Execute(connection, Update, parameters) == 0
            && DuckDbWarehouse.Execute(connection, Insert, parameters[..5]) == 0)
        {
            throw new TidemillException(ErrorCode.CheckpointFenced,
                $"Stream {owner.Stream}, sink {owner.Sink}: the checkpoint of {range.Partition} is not at {range.Start}; another writer moved it.");
        }
    }

    public Task<long> ExecuteAsync(string sql, IReadOnlyList<object?> parameters, CancellationToken cancellationToken) =>
        RunAsync(connection => DuckDbWarehouse.Execute(connection, sql, parameters), cancellationToken);

    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        await RunAsync(
            connection =>
            {
                var done = connection.Execute("COMMIT");
                sessions.Memory.Follow(connection);
                return done;
            },
            cancellationToken,
            DuckDbWork.Committing);
        _inTransaction = false;
    }

    public Task RollbackAsync() => Task.Run(() =>
    {
        if (!_inTransaction || _session is not { } session)
        {
            return;
        }

        _inTransaction = false;
        try
        {
            sessions.Run(session, DuckDbWork.Writing, connection => connection.Execute("ROLLBACK"), CancellationToken.None);
        }
        catch (TidemillException)
        {
            // A failed commit has ended the transaction already; a session in doubt is replaced.
            DropSession();
        }
    });

    private Task<T> RunAsync<T>(
        Func<DuckDbConnection, T> work, CancellationToken cancellationToken, DuckDbWork kind = DuckDbWork.Writing)
    {
        if (!_inTransaction || _session is not { } session)
        {
            throw new InvalidOperationException("The writer has no transaction open.");
        }

        _isFresh = false;
        return Task.Run(() => sessions.Run(session, kind, work, cancellationToken), cancellationToken);
    }

    private void DropSession()
    {
        if (_session is not null)
        {
            sessions.Drop(_session);
            _session = null;
        }
    }

    private void ForgetPrepared()
    {
        _writes.ForEach(write => write.Dispose());
        _writes.Clear();
        _newKeys.ForEach(keys => keys.Dispose());
        _newKeys.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await RollbackAsync();
        DropSession();
    }
}
