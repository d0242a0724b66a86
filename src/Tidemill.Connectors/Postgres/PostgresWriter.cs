using System.Globalization;
using Npgsql;
using Tidemill.Connectors.Postgres.Copy;
using Tidemill.Connectors.Tables;
using Tidemill.Core.Batches;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;

namespace Tidemill.Connectors.Postgres;

/// <summary>A stream's connection. Writers of the same checkpoint wait for each other at its row; the later is fenced.</summary>
internal sealed class PostgresWriter(NpgsqlDataSource source, string description, string project) : IWarehouseWriter
{
    private const string Savepoint = "tidemill";

    /// <summary>
    /// Seconds that a writer may stand still in its transaction while others wait for its locks: as long as a member of a group
    /// may stand still. A wait for a lock ends after as many.
    /// </summary>
    private const int StandstillSeconds = 10;

    /// <summary>When a statement is asked what it waits for: before its wait for a lock ends.</summary>
    private static readonly TimeSpan BlockedCheck = TimeSpan.FromSeconds(StandstillSeconds - 2);

    // In the middle of a COPY the server waits for the client for ever, and calls that no idle transaction.
    private const string TerminateBlockers =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = ANY(pg_blocking_pids($1)) AND usename = current_user"
        + " AND application_name = current_setting('application_name') AND state = 'active' AND wait_event = 'ClientRead'"
        + " AND query_start < now() - make_interval(secs => $2)";

    private const int MaxTargets = 32;

    private readonly List<CopyTarget> _targets = [];
    private NpgsqlConnection? _connection;
    private NpgsqlTransaction? _transaction;
    private int _stages;
    private bool _isStale;

    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        if (_transaction is not null)
            throw new InvalidOperationException("The writer has a transaction open.");

        try
        {
            if (_connection is { State: not System.Data.ConnectionState.Open })
                await DropConnectionAsync();

            _connection ??= await OpenAsync(cancellationToken);
            _transaction = await _connection.BeginTransactionAsync(cancellationToken);
        }
        catch (Exception error)
        {
            throw Mapped(error, writing: true, cancellationToken);
        }
    }

    /// <summary>
    /// Sorting a batch for an upsert stays in memory with 64 MB. A process that stands still in the middle of a transaction
    /// would hold its rows' locks against the others: between two statements the server ends such a session, in a COPY
    /// the writer that waits does. The stream of the one that was ended starts again.
    /// </summary>
    private async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = await source.OpenConnectionAsync(cancellationToken);
        await PostgresCommands.ExecuteAsync(connection, null, "SET work_mem = '64MB'", [], cancellationToken);
        await PostgresCommands.ExecuteAsync(
            connection, null, $"SET idle_in_transaction_session_timeout = '{StandstillSeconds} s'", [], cancellationToken);
        await PostgresCommands.ExecuteAsync(connection, null, $"SET lock_timeout = '{StandstillSeconds} s'", [], cancellationToken);
        return connection;
    }

    public Task<long> WriteAsync(TableWrite write, Batch rows, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(write);
        ArgumentNullException.ThrowIfNull(rows);
        return rows.RowCount == 0 ? Task.FromResult(0L) : RunAsync(writing: true, async connection =>
        {
            var target = await TargetAsync(connection, write.Table, rows, cancellationToken);
            var conflict = write.Rule == ConflictRule.Append ? "" : MergeSql.OnConflict(write, target.Names);
            if (write.Rule == ConflictRule.Append && target.CanCopyDirectly)
            {
                await target.CopyDirectlyAsync(connection, rows, cancellationToken);
                return rows.RowCount;
            }

            if (write.Rule == ConflictRule.Ignore && await TryDirectAsync(connection, target, rows, cancellationToken))
                return rows.RowCount;

            await target.StageAsync(connection, rows, cancellationToken);
            var inserted = await PostgresCommands.ExecuteAsync(
                connection, _transaction, Insertion(write, target, conflict), [], cancellationToken);
            if (write.Rule == ConflictRule.Ignore)
                target.Tactic.Staged(conflicts: inserted < rows.RowCount);

            return inserted;
        }, cancellationToken);
    }

    /// <summary>
    /// Row order decides under Append and Ignore: DO NOTHING leaves out what the same statement inserted before. Upsert
    /// takes the last of equal keys, in key order, so that two writers never wait for each other in a circle.
    /// </summary>
    private static string Insertion(TableWrite write, CopyTarget target, string conflict)
    {
        var into = $"INSERT INTO {target.Table.Quoted} AS {MergeSql.StoredRow} ({SqlName.List(target.Names)})";
        var key = SqlName.List(write.Key);
        return write.Rule switch
        {
            ConflictRule.Upsert => $"{into} SELECT DISTINCT ON ({key}) {target.Selected} FROM {target.StagedRows} ORDER BY {key}, "
                + $"{CopyTarget.Ordinal} DESC {conflict}",
            ConflictRule.Merge => $"{into} SELECT {target.Selected} FROM {target.StagedRows} ORDER BY {key} {conflict}",
            _ => $"{into} SELECT {target.Selected} FROM {target.StagedRows} ORDER BY {CopyTarget.Ordinal} {conflict}",
        };
    }

    public Task<bool[]> InsertNewKeysAsync(TableName seen, Batch keys, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(keys);
        return keys.RowCount == 0 ? Task.FromResult(Array.Empty<bool>()) : RunAsync(writing: true, async connection =>
        {
            var target = await TargetAsync(connection, seen, keys, cancellationToken);
            var key = await PostgresCatalog.PrimaryKeyAsync(connection, seen, cancellationToken);
            var flags = new bool[keys.RowCount];
            if (!MarkNulls(keys, key, flags) && await TryDirectAsync(connection, target, keys, cancellationToken))
            {
                Array.Fill(flags, true);
                return flags;
            }

            await target.StageAsync(connection, keys, cancellationToken);
            var inserted = await InsertStagedKeysAsync(connection, target, key, flags, cancellationToken);
            target.Tactic.Staged(conflicts: inserted < keys.RowCount);
            return flags;
        }, cancellationToken);
    }

    private static async Task<int> InsertStagedKeysAsync(
        NpgsqlConnection connection, CopyTarget target, IReadOnlyList<string> key, bool[] flags, CancellationToken cancellationToken)
    {
        var (columns, names) = (SqlName.List(target.Names), SqlName.List(key));
        var present = string.Join(" AND ", key.Select(name => $"{SqlName.Quote(name)} IS NOT NULL"));
        var sql =
            $"WITH fresh AS (INSERT INTO {target.Table.Quoted} ({columns}) SELECT {target.Selected} FROM {target.StagedRows} AND {present}"
            + $" ORDER BY {CopyTarget.Ordinal} ON CONFLICT ({names}) DO NOTHING RETURNING {names})"
            + $" SELECT min({CopyTarget.Ordinal}) FROM (SELECT * FROM {target.StagedRows}) AS staged JOIN fresh USING ({names}) GROUP "
            + $"BY {names}";
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var inserted = 0;
        while (await reader.ReadAsync(cancellationToken))
        {
            flags[reader.GetInt32(0) - target.FirstOrdinal] = true;
            inserted++;
        }

        return inserted;
    }

    /// <summary>A row with a NULL in its key equals no other: it is always new and never remembered.</summary>
    private static bool MarkNulls(Batch keys, IReadOnlyList<string> key, bool[] flags)
    {
        var columns = key.Select(keys.Schema.IndexOf).ToArray();
        if (columns.Length == 0 || columns.Contains(-1))
        {
            throw new TidemillException(ErrorCode.SchemaConflict,
                $"The table of seen keys has the primary key ({string.Join(", ", key)}), the keys have the columns {keys.Schema}.");
        }

        var (first, found) = (0, false);
        foreach (var chunk in keys.Chunks)
        {
            foreach (var column in columns.Where(column => chunk[column].HasNulls))
            {
                for (var row = 0; row < chunk.Size; row++)
                    found |= flags[first + row] |= chunk[column].IsNull(row);
            }

            first += chunk.Size;
        }

        return found;
    }

    /// <summary>COPY into the table itself, within a savepoint; false, with nothing written, when a key was there already.</summary>
    private async Task<bool> TryDirectAsync(
        NpgsqlConnection connection, CopyTarget target, Batch rows, CancellationToken cancellationToken)
    {
        if (!target.CanCopyDirectly || !target.Tactic.IsDirect)
            return false;

        await _transaction!.SaveAsync(Savepoint, cancellationToken);
        try
        {
            await target.CopyDirectlyAsync(connection, rows, cancellationToken);
            await _transaction.ReleaseAsync(Savepoint, cancellationToken);
            target.Tactic.DirectSucceeded();
            return true;
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            await _transaction.RollbackAsync(Savepoint, cancellationToken);
            target.Tactic.DirectFailed();
            return false;
        }
    }

    private async Task<CopyTarget> TargetAsync(
        NpgsqlConnection connection, TableName table, Batch rows, CancellationToken cancellationToken)
    {
        if (_targets.Find(target => target.Fits(table, rows.Schema)) is { } known)
            return known;

        if (_targets.Count == MaxTargets)
        {
            _targets[0].Dispose();
            _targets.RemoveAt(0);
        }

        var stage = string.Create(CultureInfo.InvariantCulture, $"tidemill_stage_{++_stages}");
        var made = await CopyTarget.CreateAsync(connection, table, rows.Schema, stage, cancellationToken);
        _targets.Add(made);
        return made;
    }

    public Task AdvanceAsync(CheckpointOwner owner, IReadOnlyList<OffsetRange> ranges, CancellationToken cancellationToken) =>
        RunAsync(writing: true, async connection =>
        {
            // The row's lock makes a second writer wait here; what it then sees is the first one's position.
            const string Move =
                $"INSERT INTO {SystemTables.Checkpoints} AS held (project, stream, sink, topic, \"partition\", next_offset, updated_at)"
                + " VALUES ($7, $1, $2, $3, $4, $5, now() AT TIME ZONE 'UTC') ON CONFLICT (project, stream, sink, topic, \"partition\")"
                + " DO UPDATE SET next_offset = excluded.next_offset, updated_at = excluded.updated_at WHERE held.next_offset = $6";
            foreach (var range in ranges.OrderBy(range => range.Partition.Topic, StringComparer.Ordinal)
                .ThenBy(range => range.Partition.Partition))
            {
                object?[] parameters =
                [
                    owner.Stream, owner.Sink, range.Partition.Topic, range.Partition.Partition, range.End.Value, range.Start.Value,
                    project,
                ];
                if (await PostgresCommands.ExecuteAsync(connection, _transaction, Move, parameters, cancellationToken) == 0)
                {
                    throw new TidemillException(ErrorCode.CheckpointFenced,
                        $"Stream {owner.Stream}, sink {owner.Sink}: the checkpoint of {range.Partition} is not at {range.Start}; "
                            + $"another writer moved it.");
                }
            }

            return true;
        }, cancellationToken);

    public Task<long> ExecuteAsync(string sql, IReadOnlyList<object?> parameters, CancellationToken cancellationToken) =>
        RunAsync(writing: false, connection =>
            PostgresCommands.ExecuteAsync(connection, _transaction, sql, parameters, cancellationToken), cancellationToken);

    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        await RunAsync(writing: true, async _ =>
        {
            await _transaction!.CommitAsync(cancellationToken);
            return true;
        }, cancellationToken);
        await EndTransactionAsync(committed: true);
    }

    public async Task RollbackAsync()
    {
        if (_transaction is null)
            return;

        try
        {
            await _transaction.RollbackAsync();
            await EndTransactionAsync(committed: false);
            if (_isStale)
                await DropConnectionAsync();
        }
        catch (Exception error) when (PostgresErrors.IsKnown(error))
        {
            // The server ends the transaction of a connection that is gone.
            await DropConnectionAsync();
        }
    }

    private async Task EndTransactionAsync(bool committed)
    {
        _targets.ForEach(target => target.TransactionEnded(committed));
        await _transaction!.DisposeAsync();
        _transaction = null;
    }

    private async Task<T> RunAsync<T>(bool writing, Func<NpgsqlConnection, Task<T>> work, CancellationToken cancellationToken)
    {
        if (_transaction is null || _connection is null)
            throw new InvalidOperationException("The writer has no transaction open.");

        try
        {
            var pid = _connection.ProcessID;
            var running = work(_connection);
            while (await Task.WhenAny(running, Task.Delay(BlockedCheck, cancellationToken)) != running
                && !cancellationToken.IsCancellationRequested)
            {
                await TerminateBlockersAsync(pid, cancellationToken);
            }

            return await running;
        }
        catch (Exception error)
        {
            // What was learnt about a table may no longer hold: it was altered, or made anew.
            _isStale |= error is PostgresException { SqlState: ['4', '2', ..] or PostgresErrorCodes.InvalidBinaryRepresentation };
            throw Mapped(error, writing, cancellationToken);
        }
    }

    /// <summary>Ends this platform's sessions that block the backend and have stood still in the middle of a statement.</summary>
    private async Task TerminateBlockersAsync(int pid, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = source.CreateCommand(TerminateBlockers);
            command.Parameters.AddWithValue(pid);
            command.Parameters.AddWithValue((double)StandstillSeconds);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (Exception error) when (PostgresErrors.IsKnown(error) || error is OperationCanceledException)
        {
            // The statement itself ends by its timeout, or by the cancellation.
        }
    }

    private Exception Mapped(Exception error, bool writing, CancellationToken cancellationToken) =>
        error is TidemillException ? error
        : cancellationToken.IsCancellationRequested ? new OperationCanceledException("The write was cancelled.", error, cancellationToken)
        : PostgresErrors.IsKnown(error) ? PostgresErrors.Map(error, writing, description)
        : error;

    private async Task DropConnectionAsync()
    {
        _targets.ForEach(target => target.Dispose());
        _targets.Clear();
        var (transaction, connection) = (_transaction, _connection);
        (_transaction, _connection, _isStale) = (null, null, false);
        try
        {
            if (transaction is not null)
                await transaction.DisposeAsync();

            if (connection is not null)
                await connection.DisposeAsync();
        }
        catch (Exception error) when (PostgresErrors.IsKnown(error))
        {
            // There is nothing left to close.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await RollbackAsync();
        await DropConnectionAsync();
    }
}
