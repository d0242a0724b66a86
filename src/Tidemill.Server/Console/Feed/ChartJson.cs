using System.Text;
using System.Text.Json;
using Tidemill.Core.Configuration;
using Tidemill.Core.Warehouses;

namespace Tidemill.Server.Console.Feed;

/// <summary>A chart as charts.js reads it: <c>{time, x: [...], series: [{title, kind, axis, format, values}]}</c>.</summary>
internal static class ChartJson
{
    public static string Write(ChartReading chart)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteBoolean("time", chart.Rows.Count > 0 && chart.Rows.All(r => r[0] is DateTime or DateOnly));
            json.WriteStartArray("x");
            foreach (var row in chart.Rows)
                WriteX(json, row[0]);

            json.WriteEndArray();
            json.WriteStartArray("series");
            for (var i = 0; i < chart.Definition.Series.Count; i++)
                WriteSeries(json, chart, i);

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void WriteSeries(Utf8JsonWriter json, ChartReading chart, int index)
    {
        var series = chart.Definition.Series[index];
        json.WriteStartObject();
        json.WriteString("title", series.Title);
        json.WriteString("kind", series.Kind == SeriesKind.Bar ? "bar" : "line");
        json.WriteString("axis", series.Axis);
        json.WriteString("format", series.Format == ValueFormat.Percent ? "percent" : "number");
        json.WriteStartArray("values");
        foreach (var row in chart.Rows)
            WriteNumber(json, row[index + 1]);

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteX(Utf8JsonWriter json, object? value)
    {
        // Without a zone a browser would take its own: stored times are UTC.
        if (value is DateTime time)
            json.WriteStringValue(DateTime.SpecifyKind(time, DateTimeKind.Utc));
        else
            json.WriteStringValue(CellText.Of(value));
    }

    private static void WriteNumber(Utf8JsonWriter json, object? value)
    {
        if (Display.NumberOf(value) is { } number && double.IsFinite(number))
            json.WriteNumberValue(number);
        else
            json.WriteNullValue();
    }
}
