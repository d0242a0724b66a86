using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.DuckDb.Keys;

/// <summary>The tables that one writer's transaction holds, from its first change of each to its end.</summary>
internal sealed class TransactionKeys(DuckDbSessions sessions)
{
    private readonly List<KeyedTable> _held = [];
    private readonly List<TableChange> _changes = [];

    /// <summary>The table with its keys, read when they are not known; held until the transaction ends.</summary>
    /// <exception cref="TidemillException">
    /// SchemaConflict: the table holds equal keys. Unavailable: there is no memory for its keys. TransactionConflict: others hold it.
    /// InvalidRequest: the transaction has changed the table by other means.
    /// </exception>
    public async Task<KeyedTable> EnterAsync(
        TableName name, IReadOnlyList<string> columns, IReadOnlyList<LogicalType> types, CancellationToken cancellationToken)
    {
        Require(!_changes.Exists(change => change.Touches(name)), name, "has changed it by other means");
        var table = sessions.Keys.Of(name);
        if (!_held.Contains(table))
        {
            await table.EnterAsync(cancellationToken);
            _held.Add(table);
        }

        if (!table.Knows(columns, types))
        {
            Require(!table.HasNew, name, "has written other key columns or types");
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
        // What an earlier change has, or has announced, this one must not wait for.
        TableChange[] earlier = [.. _changes];
        _changes.Add(await sessions.Keys.ChangeAsync(
            name => touches(name) && !Array.Exists(earlier, change => change.Touches(name)), _held, cancellationToken));
    }

    /// <summary>Whether the transaction was committed is not known: what is held is read again.</summary>
    public void Doubt() => _held.ForEach(table => table.Forget());

    public void End(bool committed)
    {
        foreach (var table in _held)
        {
            if (committed && !_changes.Exists(change => change.Touches(table.Name)))
                table.Keep();
            else if (committed)
                table.Forget();
            else
                table.GiveUp();

            table.Leave();
        }

        _held.Clear();
        _changes.ForEach(change => change.Dispose());
        _changes.Clear();
    }

    private static void Require(bool holds, TableName name, string what)
    {
        if (!holds)
            throw new TidemillException(ErrorCode.InvalidRequest, $"Rows cannot be written by key to {name} in a transaction that {what}.");
    }
}
