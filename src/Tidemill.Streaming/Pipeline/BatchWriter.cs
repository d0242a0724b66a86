using System.Diagnostics;
using Polly;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Streams;
using Tidemill.Core.Telemetry;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Status;

namespace Tidemill.Streaming.Pipeline;

/// <summary>
/// The last stage: dead letters, then each sink with its checkpoint, again and again while a sink is away. When a sink refuses a row,
/// the batch is halved for this sink until the record is found, set aside as a letter that names the sink, and everything around it is
/// written. The other sinks take the record.
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
        var written = await Spans.TraceAsync(
            Spans.Batch, ActivityKind.Consumer,
            span =>
            {
                span?.SetTag("messaging.batch.message_count", batch.Count);
                return batch.TransformError is null
                    ? WriteRowsAsync(batch, rows, cancellationToken)
                    : WriteHalvesAsync(batch, null, cancellationToken);
            },
            Meters.Stream(stream));
        metrics.Committed(
            batch.Count, batch.Bytes, written, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(batch.SampledTimestamps()));
    }

    public void Dispose() => _careful?.Dispose();

    // The transform stage may be busy with the next batch: the search for the bad row has its own.
    private RowMaker Careful => _careful ??= makeRows();

    /// <summary>Sets aside what did not decode, then writes each sink by itself: what one refuses, the others still take.</summary>
    private async Task<long> WriteRowsAsync(MicroBatch batch, RowMaker maker, CancellationToken cancellationToken)
    {
        await SetAsideRejectedAsync(batch, cancellationToken);
        long written = 0;
        for (var i = 0; i < sinks.Count; i++)
        {
            if (batch.ForSink?.Invoke(sinks[i].Name) ?? true)
                written += await WriteOrSetAsideAsync(i, batch, maker, cancellationToken);
        }

        metrics.DeadLettered(batch.Decoded!.Rejected.Count);
        return written;
    }

    /// <summary>Writes the batch into one sink. Records that it refuses become dead letters of this sink.</summary>
    private async Task<long> WriteOrSetAsideAsync(int index, MicroBatch batch, RowMaker maker, CancellationToken cancellationToken)
    {
        try
        {
            return await Spans.TraceAsync(
                Spans.SinkWrite, ActivityKind.Client, _ => WriteSinkAsync(index, batch, maker, cancellationToken),
                Meters.Stream(stream), new("tidemill.sink.name", sinks[index].Name));
        }
        catch (TidemillException error) when (error.Code is ErrorCode.RowRejected or ErrorCode.TransformFailed)
        {
            return await WriteWithoutRefusedAsync(index, batch, error, cancellationToken)
                ?? (batch.Count == 1
                    ? await SetAsideAsync(batch, index, error, cancellationToken)
                    : await WriteHalvesAsync(batch, index, cancellationToken));
        }
    }

    /// <summary>
    /// Where the sink names what it refused: sets all those records aside at once and writes the rest. Null when it does not, or no
    /// record by itself gives a refused row; then the batch is halved.
    /// </summary>
    private async Task<long?> WriteWithoutRefusedAsync(
        int index, MicroBatch batch, TidemillException error, CancellationToken cancellationToken)
    {
        if (error.Code != ErrorCode.RowRejected || rows.Deduplicates || sinks[index] is not IRowRefusals refusals)
            return null;

        var refused = new RefusedRecords([refusals], Careful).Find(batch, cancellationToken);
        if (refused.Count == 0)
            return null;

        var now = time.GetUtcNow();
        await KeepAsync(
            [.. refused.Select(r => Letter(r.Run, r.Index, now, index, ErrorCode.RowRejected, null, r.Reason))], cancellationToken);
        using var rest = RefusedRecords.Without(batch, refused);
        if (rest.Count == 0)
        {
            await PassOverAsync(index, batch.Ranges, cancellationToken);
            return 0;
        }

        rest.Decoded = Careful.Decode(rest.Records, cancellationToken);
        rest.Rows = Careful.Transform(rest.Decoded);
        return await WriteOrSetAsideAsync(index, rest, Careful, cancellationToken);
    }

    /// <summary>Halves the batch until its bad record is alone, for one sink, or for all when the transform fails.</summary>
    private async Task<long> WriteHalvesAsync(MicroBatch batch, int? index, CancellationToken cancellationToken)
    {
        if (batch.Count == 1)
            return await SetAsideAsync(batch, index, batch.TransformError!, cancellationToken);

        long written = 0;
        foreach (var half in BatchHalves.Split(batch))
        {
            using (half)
            {
                half.Decoded = Careful.Decode(half.Records, cancellationToken);
                Careful.Transform(half);
                written += half.TransformError is not null ? await WriteHalvesAsync(half, index, cancellationToken)
                    : index is { } sink ? await WriteOrSetAsideAsync(sink, half, Careful, cancellationToken)
                    : await WriteRowsAsync(half, Careful, cancellationToken);
            }
        }

        return written;
    }

    private async Task<long> WriteSinkAsync(int index, MicroBatch batch, RowMaker maker, CancellationToken cancellationToken)
    {
        var sink = sinks[index];
        if (batch.Ranges.All(range => positions.Holds(index, range)))
            return 0;

        // Parts of a batch whose answer was lost may be held already.
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
        var held = await sink.ReadPositionsAsync([.. ranges.Select(range => range.Partition)], cancellationToken);
        return ranges.All(range => held.TryGetValue(range.Partition, out var offset) && offset >= range.End);
    }

    private async Task SetAsideRejectedAsync(MicroBatch batch, CancellationToken cancellationToken)
    {
        var rejected = batch.Decoded!.Rejected;
        if (rejected.Count == 0)
            return;

        var now = time.GetUtcNow();
        var letters = rejected.Select(r => Letter(
            batch.Records[r.Index.Fetch], r.Index.Record, now, null, r.Failure.Code, r.Failure.Field, r.Failure.Message)).ToList();
        await _retry.ExecuteAsync(async token => await deadLetters.WriteAsync(letters, token), cancellationToken);
    }

    /// <summary>Sets the only record of the batch aside and moves the checkpoint of the sink, or of all, over it.</summary>
    private async Task<long> SetAsideAsync(MicroBatch batch, int? index, TidemillException error, CancellationToken cancellationToken)
    {
        var run = batch.Records.First(r => r.Records.Length > 0);
        await KeepAsync([Letter(run, 0, time.GetUtcNow(), index, error.Code, null, error.Message)], cancellationToken);
        for (var i = 0; i < sinks.Count; i++)
        {
            if (index is null || i == index)
                await PassOverAsync(i, batch.Ranges, cancellationToken);
        }

        return 0;
    }

    private async Task KeepAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken)
    {
        await _retry.ExecuteAsync(async token => await deadLetters.WriteAsync(letters, token), cancellationToken);
        metrics.DeadLettered(letters.Count);
    }

    /// <summary>Moves a sink's checkpoint over records that give it no rows.</summary>
    private async Task PassOverAsync(int index, IReadOnlyList<OffsetRange> ranges, CancellationToken cancellationToken)
    {
        using var nothing = new Core.Batches.Batch(rows.Output, []);
        if (!await HoldsAsync(sinks[index], ranges, cancellationToken))
        {
            await _retry.ExecuteAsync(
                async token => await sinks[index].WriteAsync(new SinkBatch { Ranges = ranges, Rows = nothing }, token), cancellationToken);
        }
    }

    /// <param name="run">The record's run.</param>
    /// <param name="record">The record's index in it.</param>
    /// <param name="now">When it is set aside.</param>
    /// <param name="sink">The sink that refuses it; null: no sink gets its rows.</param>
    /// <param name="code">Why.</param>
    /// <param name="field">The field at fault.</param>
    /// <param name="message">Why, in words.</param>
    private DeadLetter Letter(
        FetchedRecords run, int record, DateTimeOffset now, int? sink, ErrorCode code, string? field, string message)
    {
        ref readonly var bad = ref run.Records[record];
        return new DeadLetter
        {
            Stream = stream,
            Position = new RecordPosition(run.Partition, new LogOffset(bad.Offset)),
            Timestamp = DateTimeOffset.FromUnixTimeMilliseconds(bad.TimestampMs),
            Key = bad.HasKey ? bad.Key.ToArray() : null,
            Value = bad.IsTombstone ? null : bad.Value.ToArray(),
            Code = code,
            Field = field,
            Message = message,
            CreatedAt = now,
            Headers = run.Headers(record),
            Sinks = sink is { } index && sinks.Count > 1 ? [sinks[index].Name] : null,
        };
    }
}
