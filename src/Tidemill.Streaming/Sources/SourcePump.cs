using Polly;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Streams;
using Tidemill.Streaming.Pipeline;
using Tidemill.Streaming.Status;

namespace Tidemill.Streaming.Sources;

/// <summary>
/// Appends a source's records to a topic, each once. A page is appended and durable before the next is read; every record
/// carries its page's number, the position that the page was read from and its own cursor. So the newest page in the topic
/// names a position before which everything is there, and a restart reads on from it and leaves out the records that the
/// topic has behind it: whole pages, or the part of one that a crash let through.
/// </summary>
internal sealed class SourcePump(StreamServices services, ISource source, string topic, StreamMetrics metrics, PauseGate gate)
{
    private readonly HashSet<string> _appended = new(StringComparer.Ordinal);
    private string? _position;
    private long _page;

    /// <summary>Runs until stopped. An append that failed ends it: what the topic has is found out by running it anew.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var retry = RetryPolicy.UntilItWorks(services.Time, e => metrics.Retrying(e.Error));
        await using var producer = services.Log.CreateProducer(new ProducerOptions());
        try
        {
            await RecoverAsync(stop);
            metrics.State = StreamState.Running;
            while (true)
            {
                await gate.OpenAsync(stop);
                var page = await ReadAsync(retry, stop);
                await AppendAsync(page, producer, stop);
                if (!page.More)
                    await Task.Delay(source.Poll, services.Time, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // A graceful stop.
        }
    }

    private async Task<SourcePage> ReadAsync(ResiliencePipeline retry, CancellationToken stop)
    {
        var page = await retry.ExecuteAsync(async token => await source.ReadAsync(_position, token), stop);
        if (metrics.State == StreamState.Waiting)
            metrics.State = StreamState.Running;

        return page;
    }

    private async Task AppendAsync(SourcePage page, ILogProducer producer, CancellationToken stop)
    {
        var fresh = page.Records.Where(record => !_appended.Contains(record.Cursor)).ToList();
        if (fresh.Count > 0)
        {
            var started = services.Time.GetTimestamp();
            _page++;
            var records = fresh.Select(record => SourceMark.Put(record, _page, _position)).ToList();
            await producer.ProduceAsync(topic, records, stop);
            metrics.Stage(StageName.Write, services.Time.GetElapsedTime(started));
            metrics.Committed(fresh.Count, records.Sum(r => (long)(r.Value?.Length ?? 0)), fresh.Count, []);
            _appended.UnionWith(fresh.Select(record => record.Cursor));
        }

        if (page.Next != _position)
        {
            _position = page.Next;
            _appended.RemoveWhere(cursor => !source.MayReturn(_position, cursor));
        }
    }

    private async Task RecoverAsync(CancellationToken cancellationToken)
    {
        var description = await services.Log.DescribeTopicAsync(topic, cancellationToken)
            ?? throw new TidemillException(ErrorCode.NotFound, $"Topic {topic} does not exist.");
        var tails = description.Partitions.Select(partition => new TopicTail(services.Log, topic, partition)).ToList();
        foreach (var tail in tails)
        {
            if (await tail.LastAsync(cancellationToken) is { } last && last.Page > _page)
                (_page, _position) = (last.Page, last.Position);
        }

        foreach (var tail in tails)
        {
            _appended.UnionWith(await tail.CursorsAsync(
                cursor => source.MayReturn(_position, cursor), cursor => source.EndsReturnable(_position, cursor), cancellationToken));
        }
    }
}
