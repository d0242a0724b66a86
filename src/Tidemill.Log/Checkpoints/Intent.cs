using Tidemill.Core.Logs;

namespace Tidemill.Log.Checkpoints;

/// <summary>
/// A call of a checkpointed producer, written down before anything is appended, so that it can be finished after a crash.
/// </summary>
/// <param name="Id">Stands in a hidden header of each of its records.</param>
/// <param name="Range">What the checkpoint moves over.</param>
/// <param name="Topic">The topic written.</param>
/// <param name="Ends">Next offset of each partition written, when the intent was made: its records lie behind.</param>
/// <param name="Records">Each with partition and timestamp.</param>
internal sealed record Intent(
    Guid Id, OffsetRange Range, string Topic, IReadOnlyDictionary<int, long> Ends, IReadOnlyList<ProducerRecord> Records);
