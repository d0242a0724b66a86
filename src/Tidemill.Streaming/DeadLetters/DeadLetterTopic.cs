using Tidemill.Core.Errors;
using Tidemill.Core.Logs;

namespace Tidemill.Streaming.DeadLetters;

/// <summary>
/// The letters that a topic holds, each once. Remembers where each lies and reads on from where it stopped, so that a look
/// costs only what is new; values are read again when asked for. Safe for concurrent callers.
/// </summary>
internal sealed class DeadLetterTopic(ILog log, string topic) : IDisposable
{
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(30);

    private readonly Dictionary<(string Stream, RecordPosition Position), Entry> _letters = [];
    private readonly Dictionary<TopicPartition, LogOffset> _next = [];
    private readonly SemaphoreSlim _reading = new(1, 1);

    /// <summary>All letters of a stream, without keys, values and headers, in no order.</summary>
    public async Task<IReadOnlyList<DeadLetter>> ListAsync(string stream, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            await ReadOnAsync(cancellationToken);
            return [.. _letters.Where(l => l.Key.Stream == stream).Select(l => l.Value.Letter)];
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>The letter whole, or null.</summary>
    public async Task<DeadLetter?> FindAsync(string stream, RecordPosition position, CancellationToken cancellationToken)
    {
        Entry? entry;
        await _reading.WaitAsync(cancellationToken);
        try
        {
            await ReadOnAsync(cancellationToken);
            entry = _letters.GetValueOrDefault((stream, position));
        }
        finally
        {
            _reading.Release();
        }

        if (entry is null)
            return null;

        await using var consumer = log.CreateConsumer(new ConsumerOptions { Assignment = [entry.At], MaxPollRecords = 1 });
        using var run = await consumer.PollAsync(ReadTimeout, cancellationToken);
        return run is { Records.Length: > 0 } && run.Records[0].Offset == entry.At.Offset.Value
            ? DeadLetterHeaders.Read(run.Records[0], run.Headers(0)) is { } whole ? whole with { Sinks = entry.Letter.Sinks } : null
            : null;
    }

    public void Dispose() => _reading.Dispose();

    private async Task ReadOnAsync(CancellationToken cancellationToken)
    {
        if (await log.DescribeTopicAsync(topic, cancellationToken) is not { } description)
        {
            _letters.Clear();
            _next.Clear();
            return;
        }

        foreach (var partition in description.Partitions)
            await ReadOnAsync(new TopicPartition(topic, partition.Partition), partition, cancellationToken);
    }

    private async Task ReadOnAsync(TopicPartition at, PartitionDescription bounds, CancellationToken cancellationToken)
    {
        var next = _next.GetValueOrDefault(at, bounds.Earliest);
        if (next < bounds.Earliest || next > bounds.Next)
        {
            // Retention has passed by, or the topic was made anew.
            foreach (var gone in _letters.Where(
                l => l.Value.At.Partition == at && (next > bounds.Next || l.Value.At.Offset < bounds.Earliest)).ToList())
            {
                _letters.Remove(gone.Key);
            }

            next = bounds.Earliest;
        }

        if (next < bounds.Next)
        {
            await using var consumer = log.CreateConsumer(new ConsumerOptions { Assignment = [new RecordPosition(at, next)] });
            while (next < bounds.Next)
            {
                using var run = await consumer.PollAsync(ReadTimeout, cancellationToken) ?? throw new TidemillException(
                    ErrorCode.TimedOut, $"{at}: no record came from offset {next} within {ReadTimeout.TotalSeconds} s.");
                Take(run);
                next = run.Next;
            }
        }

        _next[at] = next;
    }

    private void Take(FetchedRecords run)
    {
        for (var i = 0; i < run.Records.Length; i++)
        {
            if (DeadLetterHeaders.Read(run.Records[i], run.Headers(i)) is { } letter)
            {
                var at = new RecordPosition(run.Partition, new LogOffset(run.Records[i].Offset));
                var key = (letter.Stream, letter.Position);
                _letters[key] = _letters.TryGetValue(key, out var known)
                    ? known with { Letter = known.Letter.Joined(letter) }
                    : new Entry(at, letter with { Key = null, Value = null, Headers = [] });
            }
        }
    }

    private sealed record Entry(RecordPosition At, DeadLetter Letter);
}
