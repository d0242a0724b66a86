using System.Globalization;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;

namespace Tidemill.Streaming.Replay;

/// <summary>Where a range begins or ends, in every partition: an offset, or the first record at or after a time.</summary>
public readonly record struct ReplayBound(LogOffset? Offset, DateTimeOffset? Time)
{
    /// <summary>Reads <c>120</c> or an ISO 8601 time, UTC without a zone; InvalidRequest for anything else.</summary>
    public static ReplayBound Parse(string text)
    {
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var offset))
            return new ReplayBound(new LogOffset(offset), null);

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? new ReplayBound(null, time)
            : throw new TidemillException(
                ErrorCode.InvalidRequest, $"'{text}' is neither an offset nor a time such as 2026-01-31T08:00:00Z.");
    }
}

/// <summary>What is to be run again.</summary>
/// <param name="From">First record; null: the log's earliest.</param>
/// <param name="To">The record behind the last; null: where the sinks stand.</param>
/// <param name="Partition">One partition; null: all.</param>
/// <param name="Rebuild">Empty the tables and read everything again.</param>
public sealed record RangeReplayRequest(
    string Stream, ReplayBound? From = null, ReplayBound? To = null, int? Partition = null, bool Rebuild = false);
