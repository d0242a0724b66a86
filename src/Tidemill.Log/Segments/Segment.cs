using System.Globalization;

namespace Tidemill.Log.Segments;

/// <summary>
/// One file of a partition, named by its first offset in twenty digits. While it is the last one, its size is what
/// the partition's <see cref="Partitions.LogEnd"/> says; <see cref="Seal"/> fixes it before the next segment is seen by anyone.
/// </summary>
internal sealed class Segment(string folder, long baseOffset)
{
    public const string FileSuffix = ".log";
    public const string IndexSuffix = ".index";

    // Written last by Seal, so that whoever sees it sees the final size.
    private volatile bool _isSealed;
    private readonly string _name = baseOffset.ToString("D20", CultureInfo.InvariantCulture);

    public long BaseOffset { get; } = baseOffset;

    public string Path => System.IO.Path.Combine(folder, _name + FileSuffix);

    public string IndexName => _name + IndexSuffix;

    public string IndexPath => System.IO.Path.Combine(folder, IndexName);

    public bool IsSealed => _isSealed;

    /// <summary>Final once sealed.</summary>
    public long Bytes { get; private set; }

    /// <summary>Final once sealed.</summary>
    public long MaxTimestamp { get; private set; } = long.MinValue;

    public void Seal(SegmentIndex index)
    {
        Bytes = index.SegmentBytes;
        MaxTimestamp = index.MaxTimestamp;
        _isSealed = true;
    }

    /// <summary>The first offset that a file name stands for, or null when it names no segment.</summary>
    public static long? BaseOffsetOf(string fileName, string suffix) =>
        fileName.Length == 20 + suffix.Length
        && fileName.EndsWith(suffix, StringComparison.Ordinal)
        && long.TryParse(fileName.AsSpan(0, 20), NumberStyles.None, CultureInfo.InvariantCulture, out long offset)
            ? offset
            : null;
}
