using System.Globalization;
using System.Xml;
using Tidemill.DuckDb;

namespace Tidemill.Server.Api;

/// <summary>A database value as text, the same everywhere: times and durations in ISO 8601, nested values as JSON, bytes as
/// base64.</summary>
internal static class CellText
{
    public static string Of(object? value) => value switch
    {
        null => "",
        string text => text,
        bool flag => flag ? "true" : "false",
        DateTime { Kind: DateTimeKind.Utc } time => time.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture),
        DateTime time => time.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF", CultureInfo.InvariantCulture),
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
