using Tidemill.Core.Batches;

namespace Tidemill.Core.Streams;

/// <summary>
/// A sink that remembers the rows it refused last, by their content, so that the records behind them are found without
/// writing anything.
/// </summary>
public interface IRowRefusals
{
    /// <summary>Why one of these rows was refused, without values; null when none of them was.</summary>
    string? Refused(Batch rows);
}
