using System.Globalization;
using System.Numerics;
using Tidemill.Core.Configuration;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Server.Console.Feed;

/// <summary>Numbers and times as people read them; the same on every page.</summary>
internal static class Display
{
    private const string None = "–";

    public static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    public static string Rate(double value) => value switch
    {
        _ when double.IsNaN(value) => None,
        >= 100 => value.ToString("N0", CultureInfo.InvariantCulture),
        _ => value.ToString("0.#", CultureInfo.InvariantCulture),
    };

    public static string Milliseconds(double value) => value switch
    {
        _ when double.IsNaN(value) => None,
        >= 120_000 => Span(TimeSpan.FromMilliseconds(value)),
        >= 10_000 => (value / 1000).ToString("0.#", CultureInfo.InvariantCulture) + " s",
        >= 10 => value.ToString("N0", CultureInfo.InvariantCulture) + " ms",
        _ => value.ToString("0.#", CultureInfo.InvariantCulture) + " ms",
    };

    public static string Bytes(long? value) => value switch
    {
        null => None,
        < 1 << 10 => $"{value} B",
        < 1 << 20 => Unit(value.Value, 1 << 10, "KiB"),
        < 1 << 30 => Unit(value.Value, 1 << 20, "MiB"),
        _ => Unit(value.Value, 1 << 30, "GiB"),
    };

    public static string Time(DateTimeOffset? time) =>
        time?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? None;

    public static string Clock(DateTimeOffset? time) => time?.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture) ?? None;

    public static string Ago(DateTimeOffset? time, DateTimeOffset now) => time is { } then ? $"{Span(now - then)} ago" : "never";

    public static string Span(TimeSpan span) => span.Duration() switch
    {
        { TotalSeconds: < 1 } s => s.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture) + " ms",
        { TotalSeconds: < 60 } s => s.TotalSeconds.ToString("0", CultureInfo.InvariantCulture) + " s",
        { TotalMinutes: < 60 } s => s.TotalMinutes.ToString("0", CultureInfo.InvariantCulture) + " min",
        { TotalHours: < 48 } s => s.TotalHours.ToString("0", CultureInfo.InvariantCulture) + " h",
        var s => s.TotalDays.ToString("0", CultureInfo.InvariantCulture) + " d",
    };

    /// <summary>A query's value by the format that its dashboard declares.</summary>
    public static string Value(object? value, ValueFormat format)
    {
        if (value is null or DBNull)
            return None;

        if (NumberOf(value) is not { } amount)
            return CellText.Of(value);

        return amount.ToString(format == ValueFormat.Percent ? "0.##%" : amount % 1 == 0 ? "N0" : "N2", CultureInfo.InvariantCulture);
    }

    /// <summary>A database value as a number; null when it is none.</summary>
    public static double? NumberOf(object? value) => value switch
    {
        BigInteger number => (double)number,
        DuckDbDecimal number => double.Parse(number.ToString(), CultureInfo.InvariantCulture),
        string or DateTime or bool or null => null,
        IConvertible number => number.ToDouble(CultureInfo.InvariantCulture),
        _ => null,
    };

    /// <summary>Sixteen bytes a line: offset, hexadecimal, and what is printable; the first 4 KiB.</summary>
    public static string Hex(byte[] bytes) => string.Join('\n', bytes.Chunk(16).Take(256).Select((line, i) =>
        $"{i * 16:x6}  {string.Join(' ', line.Select(b => b.ToString("x2", CultureInfo.InvariantCulture))),-47}  "
            + $"{string.Concat(line.Select(b => b is >= 32 and < 127 ? (char)b : '.'))}"));

    private static string Unit(double value, double unit, string name) =>
        (value / unit).ToString("0.#", CultureInfo.InvariantCulture) + " " + name;
}
