using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming.Status;

namespace Tidemill.Streaming;

/// <summary>Runs one stream until its tables hold every record that the topic has at the start, then stops it.</summary>
public static class StreamCatchUp
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    /// <summary>Returns the stream's last status. The first error that needs somebody ends it and is thrown by its code.</summary>
    public static async Task<StreamStatus> RunAsync(
        StreamServices services, StreamDefinition stream, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(stream);
        if (stream.Source is not TopicSourceDefinition source)
        {
            throw new TidemillException(ErrorCode.InvalidRequest, $"Stream {stream.Name} reads no topic: there is nothing to catch up with.");
        }

        var topic = await services.Log.DescribeTopicAsync(source.Topic, cancellationToken)
            ?? throw new TidemillException(ErrorCode.NotFound, $"Topic {source.Topic} does not exist.");
        var supervisor = new StreamSupervisor(services, [stream with { Enabled = true }]);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = supervisor.RunAsync(stop.Token);
        try
        {
            using var timer = new PeriodicTimer(Interval, services.Time);
            while (!await HoldsAsync(services.Warehouse, stream, topic, cancellationToken))
            {
                await timer.WaitForNextTickAsync(cancellationToken);
                var status = supervisor.Status()[0];
                if (status.State == StreamState.Failed)
                {
                    throw new TidemillException(ErrorCode.InvalidRequest, $"Stream {stream.Name} stopped. {status.LastError}");
                }
            }
        }
        finally
        {
            await stop.CancelAsync();
            await running;
        }

        return supervisor.Status()[0];
    }

    private static async Task<bool> HoldsAsync(
        IWarehouse warehouse, StreamDefinition stream, TopicDescription topic, CancellationToken cancellationToken)
    {
        foreach (var sink in stream.Sinks)
        {
            var held = await warehouse.ReadCheckpointsAsync(new CheckpointOwner(stream.Name, sink.Name), cancellationToken);
            var behind = topic.Partitions.Any(p =>
                p.Next > p.Earliest && held.GetValueOrDefault(new TopicPartition(topic.Name, p.Partition)) < p.Next);
            if (behind)
            {
                return false;
            }
        }

        return true;
    }
}
