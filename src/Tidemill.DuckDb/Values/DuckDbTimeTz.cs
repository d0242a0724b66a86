using System.Globalization;

namespace Tidemill.DuckDb;

/// <summary>
/// A TIME WITH TIME ZONE: microseconds since local midnight and the zone's seconds east of UTC, at most 15:59:59
/// either way. A cell is a ulong, <c>micros: 40 bits | 57599 - offset: 24 bits</c>.
/// </summary>
public readonly record struct DuckDbTimeTz(long Micros, int OffsetSeconds)
{
    private const int MaxOffset = 16 * 3600 - 1;
    private const int OffsetBits = 24;

    public static DuckDbTimeTz FromCell(ulong cell) =>
        new((long)(cell >> OffsetBits), MaxOffset - (int)(cell & ((1UL << OffsetBits) - 1)));

    public ulong ToCell() => ((ulong)Micros << OffsetBits) | (uint)(MaxOffset - OffsetSeconds);

    public override string ToString()
    {
        var offset = TimeSpan.FromSeconds(Math.Abs(OffsetSeconds));
        var time = TimeSpan.FromMicroseconds(Micros);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{(int)time.TotalHours:00}:{time:mm\\:ss\\.ffffff}{(OffsetSeconds < 0 ? '-' : '+')}{offset:hh\\:mm\\:ss}");
    }
}
