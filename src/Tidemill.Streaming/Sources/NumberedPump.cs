using Polly;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Streams;
using Tidemill.Streaming.Pipeline;
using Tidemill.Streaming.Status;

namespace Tidemill.Streaming.Sources;

/// <summary>
/// Appends a numbered source's records to a topic at its rate. Record n is the topic's n-th record: after a restart it goes on
/// behind the last one that the topic holds.
/// </summary>
internal sealed class NumberedPump(StreamServices services, INumberedSource source, string topic, StreamMetrics metrics, PauseGate gate)
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);

    public async Task RunAsync(CancellationToken stop)
    {
        var retry = RetryPolicy.UntilItWorks(services.Time, e => metrics.Retrying(e.Error));
        await using var producer = services.Log.CreateProducer(new ProducerOptions());
        try
        {
            var description = await services.Log.DescribeTopicAsync(topic, stop)
                ?? throw new TidemillException(ErrorCode.NotFound, $"Topic {topic} does not exist.");
            await PumpAsync(description.Partitions.Sum(p => p.Next.Value), producer, retry, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // A graceful stop.
        }
    }

    private async Task PumpAsync(long number, ILogProducer producer, ResiliencePipeline retry, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Tick, services.Time);
        metrics.State = StreamState.Running;
        var last = services.Time.GetTimestamp();
        var owed = 0.0;
        while (await timer.WaitForNextTickAsync(stop) && number < (source.Limit ?? long.MaxValue))
        {
            await gate.OpenAsync(stop);
            var now = services.Time.GetTimestamp();
            // A pause or a slow disk is not made up for: at most one second's records at once.
            owed = Math.Min(owed + (source.Rate * services.Time.GetElapsedTime(last, now).TotalSeconds), Math.Max(1, source.Rate));
            last = now;
            var count = (int)Math.Min((long)owed, (source.Limit ?? long.MaxValue) - number);
            if (count == 0)
                continue;

            var records = Enumerable.Range(0, count).Select(i => source.Next(number + i)).ToList();
            var started = services.Time.GetTimestamp();
            await retry.ExecuteAsync(async token => await producer.ProduceAsync(topic, records, token), stop);
            metrics.Stage(StageName.Write, services.Time.GetElapsedTime(started));
            metrics.Committed(count, records.Sum(r => (long)(r.Value?.Length ?? 0)), count, []);
            number += count;
            owed -= count;
        }
    }
}
