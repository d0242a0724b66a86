using Tidemill.Core.Errors;
using Tidemill.Core.Logs;

namespace Tidemill.Streaming.Verification;

/// <summary>Reads a range of one partition from beginning to end.</summary>
internal static class PartitionReading
{
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(30);

    /// <param name="log">The log that has the partition.</param>
    /// <param name="range">What to read; the last run may reach beyond its end.</param>
    /// <param name="take">Takes each run in.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static async Task ReadAsync(ILog log, OffsetRange range, Action<FetchedRecords> take, CancellationToken cancellationToken)
    {
        if (range.Count <= 0)
            return;

        await using var consumer = log.CreateConsumer(new ConsumerOptions
        {
            Assignment = [new RecordPosition(range.Partition, range.Start)],
        });
        var next = range.Start;
        while (next < range.End)
        {
            using var run = await consumer.PollAsync(ReadTimeout, cancellationToken) ?? throw new TidemillException(
                ErrorCode.TimedOut, $"{range.Partition}: no record came from offset {next} within {ReadTimeout.TotalSeconds} s.");
            next = run.Next;
            take(run);
        }
    }
}
