using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.DuckDb.Keys;

/// <summary>The tables that one writer's transaction holds, from its first change of each to its end.</summary>
/// <param name="sessions">The file's sessions.</param>
/// <param name="run">Runs work on the transaction's own connection.</param>
internal sealed class TransactionKeys(DuckDbSessions sessions, Func<Action<DuckDbConnection>, CancellationToken, Task> run)
{
    private readonly List<KeyedTable> _held = [];
    private readonly List<TableChange> _changes = [];

    // Tables that the transaction has changed by SQL: their keys as it sees them, read by itself and known to nobody else.
    private readonly List<KeyedTable> _own = [];
    private readonly List<TableChange> _late = [];
    private long _commitsAtBegin;
    private bool _hasRun;

    /// <summary>A transaction begins. It sees the rows of its first statement.</summary>
    public void Begin() => (_commitsAtBegin, _hasRun) = (sessions.Keys.Commits, false);

    /// <summary>A statement of the transaction is run.</summary>
    public void Run() => _hasRun = true;

    /// <summary>The table with its keys, read when they are not known; held until the transaction ends.</summary>
    /// <exception cref="TidemillException">
    /// SchemaConflict: the table holds equal keys. Unavailable: there is no memory for its keys. TransactionConflict: others hold it.
    /// InvalidRequest: the transaction has written other key columns or types.
    /// </exception>
    public async Task<KeyedTable> EnterAsync(
        TableName name, IReadOnlyList<string> columns, IReadOnlyList<LogicalType> types, CancellationToken cancellationToken)
    {
        if (_changes.Exists(change => change.Touches(name)))
            return await EnterOwnAsync(name, columns, types, cancellationToken);

        var table = sessions.Keys.Of(name);
        if (!_held.Contains(table))
        {
            await table.EnterAsync(cancellationToken);
            _held.Add(table);
        }

        if (!table.Knows(columns, types))
        {
            RequireNoNew(table);
            await sessions.RunAsync(
                DuckDbWork.Querying,
                connection =>
                {
                    table.Load(connection, columns, types, () => sessions.Memory.ThrowIfFull(sessions.Keys.Bytes));
                    return true;
                },
                cancellationToken);
        }

        return table;
    }

    /// <summary>A change by other means of the tables that <paramref name="touches"/> accepts.</summary>
    public async Task ChangeAsync(Predicate<TableName> touches, CancellationToken cancellationToken)
    {
        _own.Where(table => touches(table.Name)).ToList().ForEach(table => table.Forget());
        // Tables of earlier changes are skipped: they are locked by this transaction, which would wait for itself.
        TableChange[] earlier = [.. _changes];
        var change = await sessions.Keys.ChangeAsync(
            name => touches(name) && !Array.Exists(earlier, other => other.Touches(name)), _held, cancellationToken);
        _changes.Add(change);

        // Others have committed since the transaction's first statement: it may not see all rows of the table.
        if (_hasRun && sessions.Keys.Commits != _commitsAtBegin)
            _late.Add(change);
    }

    /// <summary>Whether the transaction was committed is not known: what is held is read again.</summary>
    public void OnCommitUnknown() => _held.ForEach(table => table.Forget());

    public void End(bool committed)
    {
        foreach (var table in _held)
        {
            if (committed && !_changes.Exists(change => change.Touches(table.Name)))
                table.Commit();
            else if (committed)
                table.Forget();
            else
                table.Rollback();

            table.Leave();
        }

        if (committed && _held.Count > 0) sessions.Keys.Committed();
        _held.Clear();
        _own.ForEach(table =>
        {
            table.Leave();
            table.Dispose();
        });
        _own.Clear();
        _late.Clear();
        _changes.ForEach(change => change.Dispose());
        _changes.Clear();
    }

    private async Task<KeyedTable> EnterOwnAsync(
        TableName name, IReadOnlyList<string> columns, IReadOnlyList<LogicalType> types, CancellationToken cancellationToken)
    {
        if (_late.Exists(change => change.Touches(name)))
        {
            throw new TidemillException(
                ErrorCode.TransactionConflict, $"Table {name}: the transaction began before another one was committed.");
        }

        var table = _own.Find(known => KeyedTables.AreSame(known.Name, name));
        if (table is null)
        {
            _own.Add(table = new KeyedTable(name, Task.CompletedTask));
            await table.EnterAsync(cancellationToken);
        }

        if (!table.Knows(columns, types))
        {
            RequireNoNew(table);
            var known = sessions.Keys.Bytes;
            await run(
                connection => table.Load(connection, columns, types, () => sessions.Memory.ThrowIfFull(known + table.Bytes)),
                cancellationToken);
        }

        return table;
    }

    private static void RequireNoNew(KeyedTable table)
    {
        if (table.HasNew)
        {
            throw new TidemillException(
                ErrorCode.InvalidRequest,
                $"Rows cannot be written by key to {table.Name} in a transaction that has written other key columns or types.");
        }
    }
}
