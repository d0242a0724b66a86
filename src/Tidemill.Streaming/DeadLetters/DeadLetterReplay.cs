using System.Runtime.CompilerServices;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Streams;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming.Drift;
using Tidemill.Streaming.Pipeline;

namespace Tidemill.Streaming.DeadLetters;

/// <summary>What became of one letter.</summary>
/// <param name="Replayed">True when its row is in the sinks now; false when it is still a dead letter.</param>
/// <param name="Reason">Why not, without values.</param>
public sealed record ReplayedLetter(RecordPosition Position, bool Replayed, string? Reason);

/// <summary>
/// Sends open dead letters through their stream again, as the stream is defined now. The rows of all tables and the mark
/// are written in one transaction, so that a letter gives its rows at most once however often replay is run or killed. Sinks that hold
/// the record's rows are left alone.
/// Sinks that are no tables come first: their ids are deterministic, so a letter that is killed in between and replayed
/// again writes the same documents again. Rows of keyed tables meet newer rows by the table's own rule.
/// </summary>
public sealed class DeadLetterReplay(StreamServices services, IReadOnlyList<StreamDefinition> streams, StreamDeadLetters letters)
{
    /// <summary>With letters read by the streams' definitions.</summary>
    public DeadLetterReplay(StreamServices services, IReadOnlyList<StreamDefinition> streams)
        : this(
            services,
            streams,
            new StreamDeadLetters((services ?? throw new ArgumentNullException(nameof(services))).Warehouse, services.Log, streams))
    {
    }

    /// <param name="stream">Whose letters.</param>
    /// <param name="positions">Which; null for all open ones.</param>
    /// <param name="editedValue">Replaces the value of a single letter; kept with the letter. Null: as it was edited before,
    /// else as it came.</param>
    public async Task<IReadOnlyList<ReplayedLetter>> ReplayAsync(
        string stream, IReadOnlyList<RecordPosition>? positions, byte[]? editedValue, CancellationToken cancellationToken)
    {
        var definition = await EvolvedSchema.ResolveAsync(services.Warehouse, streams.ReaderNamed(stream), cancellationToken);
        if (editedValue is not null && positions?.Count != 1)
            throw new TidemillException(ErrorCode.InvalidRequest, "An edited value needs exactly one position.");

        var results = new List<ReplayedLetter>();
        var sinks = StreamSession.Sinks(services, definition);
        await using var writer = await services.Warehouse.OpenWriterAsync(cancellationToken);
        try
        {
            using var rows = new RowMaker(definition);
            await StreamSession.OpenAsync(sinks, rows, cancellationToken);
            await foreach (var letter in OpenLettersAsync(stream, positions, cancellationToken))
            {
                var sent = editedValue is null ? letter : letter with { EditedValue = editedValue };
                results.Add(await ReplayAsync(
                    sent, [.. sinks.Where(sink => sent.Concerns(sink.Name))], writer, rows, cancellationToken));
            }

            return results;
        }
        finally
        {
            foreach (var sink in sinks)
                await sink.DisposeAsync();
        }
    }

    /// <summary>What a letter would give: nothing is written. NotFound when there is no such letter.</summary>
    /// <param name="value">Used instead of the letter's own or edited value; null: that one.</param>
    public async Task<LetterPreview> PreviewAsync(
        string stream, RecordPosition position, byte[]? value, CancellationToken cancellationToken)
    {
        var definition = await EvolvedSchema.ResolveAsync(services.Warehouse, streams.ReaderNamed(stream), cancellationToken);
        var letter = await letters.FindAsync(stream, position, cancellationToken)
            ?? throw new TidemillException(ErrorCode.NotFound, $"Stream {stream} has no dead letter at {position}.");
        using var rows = new RowMaker(definition);
        return LetterPreview.Of(value is null ? letter : letter with { EditedValue = value }, rows, cancellationToken);
    }

    private async Task<ReplayedLetter> ReplayAsync(
        DeadLetter letter, IReadOnlyList<ISink> sinks, IWarehouseWriter writer, RowMaker rows, CancellationToken cancellationToken)
    {
        using var batch = new MicroBatch([new LetterRecords(letter)]) { Ranges = [] };
        batch.Decoded = rows.Decode(batch.Records, cancellationToken);
        if (batch.Decoded.Rejected.Count > 0)
            return new ReplayedLetter(letter.Position, false, batch.Decoded.Rejected[0].Failure.Message);

        try
        {
            batch.Rows = rows.Deduplicates ? null : rows.Transform(batch.Decoded);
            var deduplicated = rows.Deduplicates ? rows.Deduplicate(batch.Decoded) : null;
            using (deduplicated?.Keys)
            {
                await WriteAsync(
                    letter, new SinkBatch { Ranges = [], Rows = batch.Rows, Deduplicated = deduplicated, Records = batch.Records },
                    sinks, writer, cancellationToken);
            }

            return new ReplayedLetter(letter.Position, true, null);
        }
        catch (TidemillException error) when (error.Code is ErrorCode.TransformFailed or ErrorCode.RowRejected)
        {
            return new ReplayedLetter(letter.Position, false, error.Message);
        }
    }

    private async Task WriteAsync(
        DeadLetter letter, SinkBatch batch, IReadOnlyList<ISink> sinks, IWarehouseWriter writer, CancellationToken cancellationToken)
    {
        foreach (var sink in sinks.Where(s => s is not ITableSink))
            await sink.WriteAsync(batch, cancellationToken);

        try
        {
            await writer.BeginAsync(cancellationToken);
            foreach (var table in sinks.OfType<ITableSink>())
                await table.WriteRowsAsync(writer, batch, cancellationToken);

            await DeadLetterStore.MarkReplayedAsync(writer, services.Warehouse.Project, letter, cancellationToken);
            await writer.CommitAsync(cancellationToken);
        }
        catch
        {
            await writer.RollbackAsync();
            throw;
        }
    }

    /// <summary>Open letters one by one, as rows of the table. NotFound, before the first, when one of the positions has none.</summary>
    private async IAsyncEnumerable<DeadLetter> OpenLettersAsync(
        string stream, IReadOnlyList<RecordPosition>? positions, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var position in positions ?? [])
            await letters.RequireInTableAsync(stream, position, cancellationToken);

        foreach (var position in positions ?? await letters.OpenAsync(stream, cancellationToken))
        {
            var letter = await letters.RequireInTableAsync(stream, position, cancellationToken);
            if (letter.Status == DeadLetterStatus.Open)
                yield return letter;
        }
    }
}
