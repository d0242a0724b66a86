using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Streams;
using Tidemill.Streaming.Pipeline;
using Tidemill.Streaming.Sinks;

namespace Tidemill.Streaming.DeadLetters;

/// <summary>What became of one letter.</summary>
/// <param name="Replayed">True when its row is in the sinks now; false when it is still a dead letter.</param>
/// <param name="Reason">Why not, without values.</param>
public sealed record ReplayedLetter(RecordPosition Position, bool Replayed, string? Reason);

/// <summary>
/// Sends open dead letters through their stream again, as the stream is defined now. Row and mark are written in one
/// transaction, so that a letter gives at most one row however often replay is run or killed. Rows of keyed tables meet
/// newer rows by the table's own rule.
/// </summary>
public sealed class DeadLetterReplay(StreamServices services, IReadOnlyList<StreamDefinition> streams)
{
    private readonly DeadLetterStore _store = new(services.Warehouse);

    /// <param name="stream">Whose letters.</param>
    /// <param name="positions">Which; null for all open ones.</param>
    /// <param name="editedValue">Replaces the value of a single letter; kept with the letter. Null: as it was.</param>
    public async Task<IReadOnlyList<ReplayedLetter>> ReplayAsync(
        string stream, IReadOnlyList<RecordPosition>? positions, byte[]? editedValue, CancellationToken cancellationToken)
    {
        var definition = streams.FirstOrDefault(s => s.Name == stream && s.Source is TopicSourceDefinition)
            ?? throw new TidemillException(ErrorCode.NotFound, $"There is no stream {stream} that reads a topic.");
        if (editedValue is not null && positions?.Count != 1)
        {
            throw new TidemillException(ErrorCode.InvalidRequest, "An edited value needs exactly one position.");
        }

        var sinks = StreamSession.Sinks(services, definition);
        try
        {
            // A stream has one sink that replay can cover in one transaction.
            var sink = sinks is [WarehouseSink only] ? only : throw new TidemillException(
                ErrorCode.InvalidRequest, $"Stream {stream} has {sinks.Count} sinks; letters can be replayed into one table only.");
            using var rows = new RowMaker(definition);
            await StreamSession.OpenAsync(sinks, rows, cancellationToken);
            return await ReplayAsync(stream, positions, editedValue, sink, rows, cancellationToken);
        }
        finally
        {
            foreach (var sink in sinks)
            {
                await sink.DisposeAsync();
            }
        }
    }

    private async Task<IReadOnlyList<ReplayedLetter>> ReplayAsync(
        string stream,
        IReadOnlyList<RecordPosition>? positions,
        byte[]? editedValue,
        WarehouseSink sink,
        RowMaker rows,
        CancellationToken cancellationToken)
    {
        var results = new List<ReplayedLetter>();
        foreach (var letter in await OpenLettersAsync(stream, positions, cancellationToken))
        {
            var sent = editedValue is null ? letter : letter with { Value = editedValue };
            results.Add(await ReplayAsync(sent, sink, rows, cancellationToken));
        }

        return results;
    }

    private static async Task<ReplayedLetter> ReplayAsync(
        DeadLetter letter, WarehouseSink sink, RowMaker rows, CancellationToken cancellationToken)
    {
        using var batch = new MicroBatch([new LetterRecords(letter)]) { Ranges = [] };
        batch.Decoded = rows.Decode(batch.Records, cancellationToken);
        if (batch.Decoded.Rejected.Count > 0)
        {
            return new ReplayedLetter(letter.Position, false, batch.Decoded.Rejected[0].Failure.Message);
        }

        try
        {
            batch.Rows = rows.Deduplicates ? null : rows.Transform(batch.Decoded);
            var deduplicated = rows.Deduplicates ? rows.Deduplicate(batch.Decoded) : null;
            using (deduplicated?.Keys)
            {
                await sink.ReplayAsync(
                    new SinkBatch { Ranges = [], Rows = batch.Rows, Deduplicated = deduplicated },
                    writer => DeadLetterStore.MarkReplayedAsync(writer, letter, cancellationToken), cancellationToken);
            }

            return new ReplayedLetter(letter.Position, true, null);
        }
        catch (TidemillException error) when (error.Code is ErrorCode.TransformFailed or ErrorCode.RowRejected)
        {
            return new ReplayedLetter(letter.Position, false, error.Message);
        }
    }

    private async Task<IReadOnlyList<DeadLetter>> OpenLettersAsync(
        string stream, IReadOnlyList<RecordPosition>? positions, CancellationToken cancellationToken)
    {
        if (positions is null)
        {
            return await _store.ListAsync(stream, DeadLetterStatus.Open, int.MaxValue, 0, cancellationToken);
        }

        var letters = new List<DeadLetter>();
        foreach (var position in positions)
        {
            var letter = await _store.FindAsync(stream, position, cancellationToken)
                ?? throw new TidemillException(ErrorCode.NotFound, $"Stream {stream} has no dead letter at {position}.");
            if (letter.Status == DeadLetterStatus.Open)
            {
                letters.Add(letter);
            }
        }

        return letters;
    }
}
