using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Streams;
using Tidemill.Streaming.Pipeline;
using Tidemill.Streaming.Status;

namespace Tidemill.Streaming;

/// <summary>Brings one stream's tables up to every record that its topic has at the call.</summary>
public static class StreamCatchUp
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    /// <summary>Runs the stream, which nobody else runs, until it has caught up, and stops it. Returns its last status.</summary>
    public static async Task<StreamStatus> RunAsync(
        StreamServices services, StreamDefinition stream, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(stream);
        var supervisor = new StreamSupervisor(services, [stream with { Enabled = true }]);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = supervisor.RunAsync(stop.Token);
        try
        {
            await WaitAsync(services, stream, () => supervisor.Status()[0], cancellationToken);
        }
        finally
        {
            await stop.CancelAsync();
            await running;
        }

        return supervisor.Status()[0];
    }

    /// <summary>Waits until a running stream has caught up. An error that needs somebody ends the waiting and is thrown.</summary>
    public static async Task WaitAsync(
        StreamServices services, StreamDefinition stream, Func<StreamStatus> current, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(current);
        var source = stream.Source;
        var topic = await services.LogOf(source).DescribeTopicAsync(source.Topic, cancellationToken)
            ?? throw new TidemillException(ErrorCode.NotFound, $"Topic {source.Topic} does not exist.");
        await StreamSession.WithSinksAsync(services, stream, async sinks =>
        {
            using var timer = new PeriodicTimer(Interval, services.Time);
            while (!await HoldsAsync(sinks, topic, cancellationToken))
            {
                await timer.WaitForNextTickAsync(cancellationToken);
                if (current() is { State: StreamState.Failed } status)
                    throw new TidemillException(ErrorCode.InvalidRequest, $"Stream {stream.Name} stopped. {status.LastError}");
            }

            return true;
        });
    }

    private static async Task<bool> HoldsAsync(IReadOnlyList<ISink> sinks, TopicDescription topic, CancellationToken cancellationToken)
    {
        foreach (var sink in sinks)
        {
            if (!await HoldsAsync(sink, topic, cancellationToken))
                return false;
        }

        return true;
    }

    private static async Task<bool> HoldsAsync(ISink sink, TopicDescription topic, CancellationToken cancellationToken)
    {
        try
        {
            var held = await sink.ReadPositionsAsync(topic.TopicPartitions(), cancellationToken);
            return topic.Partitions.All(p =>
                p.Next <= p.Earliest || held.GetValueOrDefault(new TopicPartition(topic.Name, p.Partition)) >= p.Next);
        }
        catch (TidemillException error) when (error.Rule.Retry == RetryRule.Backoff)
        {
            // The stream meets the same outage, reports it and goes on after it.
            return false;
        }
    }
}
