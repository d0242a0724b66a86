using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;

namespace Tidemill.Connectors.DuckDb.Keys;

/// <summary>
/// The tables of a file whose keys writers keep in memory, so that DuckDB need not: its indexes take 55 bytes a key, all of it in memory,
/// and most of a stream's time. All changes of a table take turns; one by other means than a key's writer has the keys read
/// again. Safe for many threads.
/// </summary>
internal sealed class KeyedTables : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, KeyedTable> _tables = new(StringComparer.OrdinalIgnoreCase);

    // Changes that began before a table was known: its keys are read when they have ended.
    private readonly HashSet<TableChange> _changes = [];

    private long _commits;

    /// <summary>How many changes have ended so far.</summary>
    public long Commits => Interlocked.Read(ref _commits);

    /// <summary>Memory of all keys.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock)
                return _tables.Values.Sum(table => table.Bytes);
        }
    }

    /// <summary>Whether both name one table.</summary>
    public static bool AreSame(TableName one, TableName other) => FullName(one).Equals(FullName(other), StringComparison.OrdinalIgnoreCase);

    /// <summary>The table of this name.</summary>
    public KeyedTable Of(TableName name)
    {
        lock (_lock)
        {
            if (!_tables.TryGetValue(FullName(name), out var table))
            {
                table = new KeyedTable(name, Task.WhenAll(_changes.Where(change => change.Touches(name)).Select(change => change.Ended)));
                _tables[FullName(name)] = table;
            }

            return table;
        }
    }

    /// <summary>
    /// Begins a change by other means of the tables that <paramref name="touches"/> accepts: waits for those who hold them. The
    /// caller disposes it when the change is committed or given up.
    /// </summary>
    /// <param name="touches">The tables that may be changed.</param>
    /// <param name="held">Tables that the caller holds already.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="TidemillException">TransactionConflict: others hold a table for a minute.</exception>
    public async Task<TableChange> ChangeAsync(
        Predicate<TableName> touches, IReadOnlyCollection<KeyedTable> held, CancellationToken cancellationToken)
    {
        var change = new TableChange(touches, Remove);
        List<KeyedTable> tables;
        lock (_lock)
        {
            tables = [.. _tables.Values.Where(table => touches(table.Name)).Except(held)];
            _changes.Add(change);
        }

        try
        {
            await change.EnterAsync(tables, cancellationToken);
            return change;
        }
        catch
        {
            change.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var table in _tables.Values)
                table.Dispose();

            _tables.Clear();
        }
    }

    private static string FullName(TableName name) => $"{name.Schema ?? DuckDbCatalog.DefaultSchema}.{name.Name}";

    /// <summary>A keyed write was committed.</summary>
    public void Committed() => Interlocked.Increment(ref _commits);

    private void Remove(TableChange change)
    {
        Committed();
        lock (_lock)
            _changes.Remove(change);
    }
}
