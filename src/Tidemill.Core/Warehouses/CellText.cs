using System.Globalization;
using System.Xml;
using Tidemill.DuckDb;

namespace Tidemill.Core.Warehouses;

/// <summary>A database value as text, the same everywhere: times and durations in ISO 8601, nested values as JSON, bytes as
/// base64.</summary>
public static class CellText
{
    /// <param name="value">As query results give it.</param>
    /// <param name="utc">True: times without a zone are UTC, and said to be.</param>
    public static string Of(object? value, bool utc = false) => value switch
    {
        null => "",
        string text => text,
        bool flag => flag ? "true" : "false",
        DateTime time => time.ToString(
            utc || time.Kind == DateTimeKind.Utc ? "yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'" : "yyyy-MM-dd'T'HH:mm:ss.FFFFFF",
            CultureInfo.InvariantCulture),
        DateTimeOffset instant => Of(instant.UtcDateTime),
        DuckDbTimestamp far when utc => new DuckDbTimestampTz(far.Micros).ToString(),
        DateOnly date => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        TimeOnly time => time.ToString("HH:mm:ss.FFFFFF", CultureInfo.InvariantCulture),
        TimeSpan span => XmlConvert.ToString(span),
        byte[] bytes => Convert.ToBase64String(bytes),
        float number => number.ToString("R", CultureInfo.InvariantCulture),
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        System.Collections.IEnumerable or DuckDbUnion => CellJson.Text(value),
        _ => value.ToString() ?? "",
    };
}
