namespace Tidemill.Connectors.Tables;

/// <summary>
/// Whether rows that may meet equal keys go straight into the table, or the careful way, by a staging table. Straight is faster and
/// right while no key repeats; one that does costs the whole attempt. So a failed attempt sends the next batches the careful way
/// until enough of them in a row had no conflict; "enough" doubles with each failure, up to 64, and halves with each success.
/// </summary>
internal sealed class ConflictTactic
{
    private const int MaxCleanBatches = 64;

    private int _cleanNeeded = 1;
    private int _clean;

    public bool IsDirect { get; private set; } = true;

    public void DirectSucceeded() => _cleanNeeded = Math.Max(1, _cleanNeeded / 2);

    public void DirectFailed()
    {
        IsDirect = false;
        _clean = 0;
        _cleanNeeded = Math.Min(MaxCleanBatches, _cleanNeeded * 2);
    }

    public void Staged(bool conflicts)
    {
        _clean = conflicts ? 0 : _clean + 1;
        IsDirect = _clean >= _cleanNeeded;
    }
}
