using System.Globalization;
using System.Text;
using Tidemill.Core.Logs;
using Tidemill.Core.Streams;

namespace Tidemill.Streaming.Sources;

/// <summary>
/// What a pump writes beside each record: headers <c>tidemill.page</c> (digits), <c>tidemill.from</c> (the position that the
/// page was read from, null for the beginning) and <c>tidemill.cursor</c>, all UTF-8.
/// </summary>
internal sealed record SourceMark(long Page, string? Position, string Cursor)
{
    private const string PageHeader = "tidemill.page";
    private const string PositionHeader = "tidemill.from";
    private const string CursorHeader = "tidemill.cursor";

    public static ProducerRecord Put(SourceRecord source, long page, string? position) => source.Record with
    {
        Headers =
        [
            .. source.Record.Headers ?? [],
            new RecordHeader(PageHeader, Encoding.UTF8.GetBytes(page.ToString(CultureInfo.InvariantCulture))),
            new RecordHeader(PositionHeader, position is null ? (ReadOnlyMemory<byte>?)null : Encoding.UTF8.GetBytes(position)),
            new RecordHeader(CursorHeader, Encoding.UTF8.GetBytes(source.Cursor)),
        ],
    };

    /// <summary>The mark of a record; null when no pump wrote it.</summary>
    public static SourceMark? Of(IReadOnlyList<RecordHeader> headers) =>
        long.TryParse(Text(headers, PageHeader), CultureInfo.InvariantCulture, out var page) && Text(headers, CursorHeader) is { } cursor
            ? new SourceMark(page, Text(headers, PositionHeader), cursor)
            : null;

    private static string? Text(IReadOnlyList<RecordHeader> headers, string name) =>
        headers.LastOrDefault(header => header.Name == name)?.Value is { } value ? Encoding.UTF8.GetString(value.Span) : null;
}
