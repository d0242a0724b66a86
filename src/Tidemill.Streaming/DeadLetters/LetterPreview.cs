using System.Globalization;
using Tidemill.Core.Batches;
using Tidemill.Core.Errors;
using Tidemill.Core.Streams;
using Tidemill.Streaming.Pipeline;

namespace Tidemill.Streaming.DeadLetters;

/// <summary>The rows that a letter would give, or why it gives none. The sinks' own constraints are not asked.</summary>
/// <param name="Accepted">True when the record decodes and the transform takes it.</param>
/// <param name="Reason">Why not, without values.</param>
/// <param name="Columns">The rows' columns, each as <c>name TYPE</c>.</param>
/// <param name="Rows">Cells as text; null is NULL.</param>
public sealed record LetterPreview(
    bool Accepted, string? Reason, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string?>> Rows)
{
    internal static LetterPreview Of(DeadLetter letter, RowMaker maker, CancellationToken cancellationToken)
    {
        using var batch = new MicroBatch([new LetterRecords(letter)]) { Ranges = [] };
        batch.Decoded = maker.Decode(batch.Records, cancellationToken);
        if (batch.Decoded.Rejected.Count > 0)
            return new LetterPreview(false, batch.Decoded.Rejected[0].Failure.Message, [], []);

        try
        {
            batch.Rows = maker.Deduplicates ? MadeNew(maker.Deduplicate(batch.Decoded)) : maker.Transform(batch.Decoded);
            return new LetterPreview(true, null, [.. batch.Rows.Schema.Fields.Select(f => $"{f.Name} {f.Type}")], Cells(batch.Rows));
        }
        catch (TidemillException error) when (error.Code == ErrorCode.TransformFailed)
        {
            return new LetterPreview(false, error.Message, [], []);
        }
    }

    private static Batch MadeNew(DeduplicatedRows rows)
    {
        using (rows.Keys)
            return rows.Transform([.. Enumerable.Repeat(true, rows.Keys.RowCount)]);
    }

    private static List<IReadOnlyList<string?>> Cells(Batch rows)
    {
        var cells = new List<IReadOnlyList<string?>>(rows.RowCount);
        foreach (var chunk in rows.Chunks)
        {
            for (var row = 0; row < chunk.Size; row++)
            {
                var at = row;
                cells.Add([.. Enumerable.Range(0, chunk.ColumnCount).Select(column => Text(chunk[column].GetValue(at)))]);
            }
        }

        return cells;
    }

    private static string? Text(object? value) => value switch
    {
        null => null,
        byte[] bytes => Convert.ToHexString(bytes),
        DateTime time => time.ToString("yyyy-MM-dd HH:mm:ss.FFFFFF", CultureInfo.InvariantCulture),
        DateTimeOffset time => time.ToString("yyyy-MM-dd HH:mm:ss.FFFFFFK", CultureInfo.InvariantCulture),
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString(),
    };
}
