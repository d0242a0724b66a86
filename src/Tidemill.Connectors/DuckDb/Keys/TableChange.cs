using Tidemill.Core.Warehouses;

namespace Tidemill.Connectors.DuckDb.Keys;

/// <summary>A change of tables by other means than a key's writer. It holds them until it is disposed; then their keys are
/// forgotten.</summary>
internal sealed class TableChange(Predicate<TableName> touches, Action<TableChange> ended) : IDisposable
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private List<KeyedTable> _held = [];

    public Task Ended => _ended.Task;

    public Predicate<TableName> Touches => touches;

    /// <summary>Takes all tables or none, so that it holds nobody up while it waits.</summary>
    public async Task EnterAsync(List<KeyedTable> tables, CancellationToken cancellationToken)
    {
        for (var next = 0; next < tables.Count;)
        {
            await tables[next].EnterAsync(cancellationToken);
            _held = [tables[next]];
            var busy = tables.FindIndex(table => table != tables[next] && !TryHold(table));
            if (busy < 0)
                return;

            Leave();
            next = busy;
        }
    }

    public void Dispose()
    {
        _held.ForEach(table => table.Forget());
        Leave();
        ended(this);
        _ended.TrySetResult();
    }

    private bool TryHold(KeyedTable table)
    {
        var taken = table.TryEnter();
        if (taken)
            _held.Add(table);

        return taken;
    }

    private void Leave()
    {
        _held.ForEach(table => table.Leave());
        _held = [];
    }
}
