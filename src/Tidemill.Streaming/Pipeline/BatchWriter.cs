using Polly;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Streams;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Status;

namespace Tidemill.Streaming.Pipeline;

/// <summary>
/// The last stage: dead letters, then each sink with its checkpoint, again and again while a sink is away. When a row is
/// refused, the batch is halved until the record is found, set aside, and everything around it is written.
/// </summary>
internal sealed class BatchWriter(
    string stream,
    IReadOnlyList<ISink> sinks,
    SinkPositions positions,
    RowMaker rows,
    Func<RowMaker> makeRows,
    IDeadLetterTarget deadLetters,
    StreamMetrics metrics,
    TimeProvider time) : IDisposable
{
    private readonly ResiliencePipeline _retry = RetryPolicy.UntilItWorks(time, e => metrics.Retrying(e.Error));
    private RowMaker? _careful;

    public async Task WriteAsync(MicroBatch batch, CancellationToken cancellationToken)
    {
        var written = batch.TransformError is null
            ? await TryWriteAsync(batch, rows, cancellationToken)
            : null;
        if (written is null)
        {
            // The transform stage may be busy with the next batch: the search for the bad row has its own.
            _careful ??= makeRows();
            written = await WriteWithoutRefusedAsync(batch, cancellationToken) ?? await WriteHalvesAsync(batch, cancellationToken);
        }

        metrics.Committed(
            batch.Count, batch.Bytes, written.Value, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(batch.SampledTimestamps()));
    }

    public void Dispose() => _careful?.Dispose();

    private async Task<long> WriteCarefullyAsync(MicroBatch batch, CancellationToken cancellationToken)
    {
        using (batch)
        {
            batch.Decoded = _careful!.Decode(batch.Records, cancellationToken);
            _careful.Transform(batch);
            return await TryWriteAsync(batch, _careful, cancellationToken)
                ?? await WriteWithoutRefusedAsync(batch, cancellationToken)
                ?? await WriteHalvesAsync(batch, cancellationToken);
        }
    }

    /// <summary>
    /// Where a sink names what it refused: sets all those records aside at once and writes the rest. Null when no sink does,
    /// or no record by itself gives a refused row; then the batch is halved.
    /// </summary>
    private async Task<long?> WriteWithoutRefusedAsync(MicroBatch batch, CancellationToken cancellationToken)
    {
        if (batch.TransformError?.Code != ErrorCode.RowRejected || rows.Deduplicates)
            return null;

        var refused = new RefusedRecords([.. sinks.OfType<IRowRefusals>()], _careful!).Find(batch, cancellationToken);
        if (refused.Count == 0)
            return null;

        var now = time.GetUtcNow();
        var letters = refused.Select(r => Letter(r.Run, r.Index, now, ErrorCode.RowRejected, null, r.Reason)).ToList();
        await _retry.ExecuteAsync(async token => await deadLetters.WriteAsync(letters, token), cancellationToken);
        metrics.DeadLettered(letters.Count);
        using var rest = RefusedRecords.Without(batch, refused);
        if (rest.Count == 0)
        {
            await PassOverAsync(batch.Ranges, cancellationToken);
            return 0;
        }

        rest.Decoded = _careful!.Decode(rest.Records, cancellationToken);
        rest.Rows = _careful.Transform(rest.Decoded);
        return await TryWriteAsync(rest, _careful, cancellationToken)
            ?? await WriteWithoutRefusedAsync(rest, cancellationToken)
            ?? await WriteHalvesAsync(rest, cancellationToken);
    }

    private async Task<long> WriteHalvesAsync(MicroBatch batch, CancellationToken cancellationToken)
    {
        if (batch.Count == 1)
            return await SetAsideAsync(batch, cancellationToken);

        long written = 0;
        foreach (var half in BatchHalves.Split(batch))
            written += await WriteCarefullyAsync(half, cancellationToken);

        return written;
    }

    /// <summary>Rows written, or null when some row is at fault; <see cref="MicroBatch.TransformError"/> then says why.</summary>
    private async Task<long?> TryWriteAsync(MicroBatch batch, RowMaker maker, CancellationToken cancellationToken)
    {
        if (batch.TransformError is not null)
            return null;

        await SetAsideRejectedAsync(batch, cancellationToken);
        try
        {
            long written = 0;
            for (var i = 0; i < sinks.Count; i++)
                written += await WriteSinkAsync(i, batch, maker, cancellationToken);

            metrics.DeadLettered(batch.Decoded!.Rejected.Count);
            return written;
        }
        catch (TidemillException error) when (error.Code is ErrorCode.RowRejected or ErrorCode.TransformFailed)
        {
            batch.TransformError = error;
            return null;
        }
    }

    private async Task<long> WriteSinkAsync(int index, MicroBatch batch, RowMaker maker, CancellationToken cancellationToken)
    {
        var sink = sinks[index];
        if (batch.Ranges.All(range => positions.Holds(index, range)))
            return 0;

        // A sink before one that refused a row holds the batch already.
        var attempts = ReferenceEquals(maker, _careful) ? 1 : 0;
        return await _retry.ExecuteAsync(async token =>
        {
            // A commit whose answer was lost has happened or not: the sink's own checkpoint says which.
            if (attempts++ > 0 && await HoldsAsync(sink, batch.Ranges, token))
                return 0;

            var deduplicated = maker.Deduplicates ? maker.Deduplicate(batch.Decoded!) : null;
            using (deduplicated?.Keys)
            {
                return await sink.WriteAsync(
                    new SinkBatch { Ranges = batch.Ranges, Rows = batch.Rows, Deduplicated = deduplicated, Records = batch.Records },
                    token);
            }
        }, cancellationToken);
    }

    private static async Task<bool> HoldsAsync(ISink sink, IReadOnlyList<OffsetRange> ranges, CancellationToken cancellationToken)
    {
        var held = await sink.ReadPositionsAsync(cancellationToken);
        return ranges.All(range => held.TryGetValue(range.Partition, out var offset) && offset >= range.End);
    }

    private async Task SetAsideRejectedAsync(MicroBatch batch, CancellationToken cancellationToken)
    {
        var rejected = batch.Decoded!.Rejected;
        if (rejected.Count == 0)
            return;

        var now = time.GetUtcNow();
        var letters = rejected.Select(r => Letter(
            batch.Records[r.Index.Fetch], r.Index.Record, now, r.Failure.Code, r.Failure.Field, r.Failure.Message)).ToList();
        await _retry.ExecuteAsync(async token => await deadLetters.WriteAsync(letters, token), cancellationToken);
    }

    /// <summary>Sets the only record of the batch aside and moves the checkpoints over it.</summary>
    private async Task<long> SetAsideAsync(MicroBatch batch, CancellationToken cancellationToken)
    {
        var error = batch.TransformError!;
        var run = batch.Records.First(r => r.Records.Length > 0);
        var letter = Letter(run, 0, time.GetUtcNow(), error.Code, null, error.Message);
        await _retry.ExecuteAsync(async token => await deadLetters.WriteAsync([letter], token), cancellationToken);
        metrics.DeadLettered(1);
        await PassOverAsync(batch.Ranges, cancellationToken);
        return 0;
    }

    /// <summary>Moves every sink's checkpoint over records that give no rows.</summary>
    private async Task PassOverAsync(IReadOnlyList<OffsetRange> ranges, CancellationToken cancellationToken)
    {
        using var nothing = new Core.Batches.Batch(rows.Output, []);
        for (var i = 0; i < sinks.Count; i++)
        {
            var sink = sinks[i];
            if (!await HoldsAsync(sink, ranges, cancellationToken))
            {
                await _retry.ExecuteAsync(
                    async token => await sink.WriteAsync(new SinkBatch { Ranges = ranges, Rows = nothing }, token),
                    cancellationToken);
            }
        }
    }

    private DeadLetter Letter(
        FetchedRecords run, int index, DateTimeOffset now, ErrorCode code, string? field, string message)
    {
        ref readonly var record = ref run.Records[index];
        return new DeadLetter
        {
            Stream = stream,
            Position = new RecordPosition(run.Partition, new LogOffset(record.Offset)),
            Timestamp = DateTimeOffset.FromUnixTimeMilliseconds(record.TimestampMs),
            Key = record.HasKey ? record.Key.ToArray() : null,
            Value = record.IsTombstone ? null : record.Value.ToArray(),
            Code = code,
            Field = field,
            Message = message,
            CreatedAt = now,
            Headers = run.Headers(index),
        };
    }
}
