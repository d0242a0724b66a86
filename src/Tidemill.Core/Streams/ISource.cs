using Tidemill.Core.Logs;

namespace Tidemill.Core.Streams;

/// <summary>
/// Something outside that is read page by page, in an order of its own, and written to a topic by a pump. The pump keeps
/// the position in the topic, beside the records: a source has no state. All errors are TidemillException. Used by one
/// caller at a time.
/// </summary>
public interface ISource : IPumpSource
{
    /// <summary>Where records come from, for messages; without secrets.</summary>
    string Description { get; }

    /// <summary>How long to wait when there was nothing new. Default 1 s.</summary>
    TimeSpan Poll => TimeSpan.FromSeconds(1);

    /// <summary>
    /// Records behind the position (null: from the beginning). Records read before may come again; one that was not read yet
    /// must not be passed over.
    /// </summary>
    Task<SourcePage> ReadAsync(string? position, CancellationToken cancellationToken);

    /// <summary>
    /// True when reading from this position, or from one that follows it, may give the record with this cursor.
    /// </summary>
    bool MayReturn(string? position, string cursor);

    /// <summary>True when no record read before the one with this cursor can be read again: older cursors need not be kept.</summary>
    bool EndsReturnable(string? position, string cursor) => !MayReturn(position, cursor);
}

/// <param name="Cursor">Where the record stands: the same each time it is read, different for each record.</param>
/// <param name="Record">What is appended to the topic. Its partition must follow from the record.</param>
public sealed record SourceRecord(string Cursor, ProducerRecord Record);

/// <param name="Records">In order; may be empty.</param>
/// <param name="Next">Where to go on once the records are in the topic.</param>
/// <param name="More">False: the end was reached, and there is nothing to read until something new comes.</param>
public sealed record SourcePage(IReadOnlyList<SourceRecord> Records, string? Next, bool More);
