using Tidemill.Server.Api;
using Tidemill.Streaming.Positions;

namespace Tidemill.Server.Topics;

/// <summary>Which records of a topic somebody wants to see, and how far to look for them.</summary>
internal sealed record RecordQuery
{
    /// <summary>Most records looked at for one answer.</summary>
    public const int MostScanned = 100_000;

    public const int StandardScan = 10_000;

    /// <summary>Null: all.</summary>
    public int? Partition { get; init; }

    /// <summary>Where to begin, each partition by itself. Null: at the end, going back; the newest records come first.</summary>
    public PositionTarget? From { get; init; }

    public RecordFilter Filter { get; init; } = RecordFilter.None;

    /// <summary>Most records in the answer.</summary>
    public int Limit { get; init; } = 50;

    /// <summary>Most records looked at, over all partitions.</summary>
    public int Scan { get; init; } = StandardScan;

    /// <summary>From request parameters; InvalidRequest for what makes no sense. Empty texts count as absent.</summary>
    public static RecordQuery Of(int? partition, string? from, RecordFilter filter, int? limit, int? scan) => new()
    {
        Partition = partition,
        From = string.IsNullOrWhiteSpace(from) || from.Trim().Equals("newest", StringComparison.OrdinalIgnoreCase)
            ? null
            : PositionTarget.Parse(from),
        Filter = filter,
        Limit = RequestLimits.Page(limit, 50),
        Scan = filter.IsEmpty ? int.MaxValue : Math.Clamp(scan ?? StandardScan, 1, MostScanned),
    };
}

/// <summary>What a record must satisfy: all that are given. Where is a SQL condition, see <see cref="RecordSqlFilter"/>.</summary>
internal sealed record RecordFilter(string? Key, string? Text, string? Where)
{
    public static readonly RecordFilter None = new(null, null, null);

    public bool IsEmpty => this == None;

    public static RecordFilter Of(string? key, string? text, string? where) => new(Given(key), Given(text), Given(where));

    private static string? Given(string? text) => string.IsNullOrWhiteSpace(text) ? null : text;
}

/// <summary>What was found.</summary>
/// <param name="Records">Oldest first from a position on, newest first without one.</param>
/// <param name="Scanned">Records looked at.</param>
/// <param name="Complete">False when there may be more: a limit of records, of records looked at, or of time ended the search.</param>
/// <param name="Ended">Why it ended: <c>end</c>, <c>limit</c>, <c>scan</c> or <c>time</c>.</param>
public sealed record RecordsAnswer(IReadOnlyList<RecordAnswer> Records, long Scanned, bool Complete, string Ended);
