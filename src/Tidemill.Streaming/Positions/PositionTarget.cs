using System.Globalization;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;

namespace Tidemill.Streaming.Positions;

/// <summary>
/// Where positions are to go, as people write it: <c>earliest</c>, <c>latest</c>, an offset (<c>1200</c>), a shift
/// (<c>+100</c>, <c>-100</c>), or a time (ISO 8601; UTC where it names no zone): the first record at or after it.
/// </summary>
public sealed record PositionTarget
{
    private readonly Kind _kind;
    private readonly long _number;
    private readonly DateTimeOffset _time;

    private PositionTarget(Kind kind, long number = 0, DateTimeOffset time = default)
    {
        _kind = kind;
        _number = number;
        _time = time;
    }

    private enum Kind
    {
        Earliest,
        Latest,
        Offset,
        Shift,
        Time,
    }

    /// <summary>InvalidRequest when the text is none of the five.</summary>
    public static PositionTarget Parse(string? text)
    {
        var trimmed = (text ?? "").Trim();
        if (trimmed.Equals("earliest", StringComparison.OrdinalIgnoreCase))
            return new PositionTarget(Kind.Earliest);

        if (trimmed.Equals("latest", StringComparison.OrdinalIgnoreCase))
            return new PositionTarget(Kind.Latest);

        if (long.TryParse(trimmed, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            return new PositionTarget(trimmed[0] is '+' or '-' ? Kind.Shift : Kind.Offset, number);

        return DateTimeOffset.TryParse(
            trimmed, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? new PositionTarget(Kind.Time, time: time)
            : throw new TidemillException(
                ErrorCode.InvalidRequest,
                "The position is none of: earliest, latest, an offset (1200), a shift (+100, -100), a time (2026-01-31T12:00:00Z).");
    }

    /// <summary>The offset meant in a partition, held within what the log has; <paramref name="current"/> is what a shift
    /// counts from.</summary>
    public async Task<LogOffset> ResolveAsync(
        ILog log, string topic, PartitionDescription partition, LogOffset current, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(log);
        ArgumentNullException.ThrowIfNull(partition);
        var wanted = _kind switch
        {
            Kind.Earliest => partition.Earliest.Value,
            Kind.Latest => partition.Next.Value,
            Kind.Offset => _number,
            // A shift past either end of the numbers ends there too.
            Kind.Shift => (long)Int128.Clamp((Int128)current.Value + _number, 0, long.MaxValue),
            _ => (await log.FindOffsetAsync(new TopicPartition(topic, partition.Partition), _time, cancellationToken)).Value,
        };
        return new LogOffset(Math.Clamp(wanted, partition.Earliest.Value, partition.Next.Value));
    }
}
