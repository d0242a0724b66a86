using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;

namespace Tidemill.Streaming.DeadLetters;

/// <summary>
/// A project's dead letters wherever its streams put them. A letter of a topic that somebody edits, replays or discards is
/// copied to the warehouse's table first; from then on the table's row stands for it. So what became of a letter commits
/// with its rows, and topics are only ever appended to.
/// </summary>
public sealed class StreamDeadLetters : IDisposable
{
    private readonly DeadLetterStore _table;
    private readonly Dictionary<string, DeadLetterTopic> _byStream = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DeadLetterTopic> _topics = new(StringComparer.Ordinal);

    public StreamDeadLetters(IWarehouse warehouse, ILog log, IReadOnlyList<StreamDefinition> streams)
    {
        ArgumentNullException.ThrowIfNull(streams);
        _table = new DeadLetterStore(warehouse);
        foreach (var stream in streams)
        {
            if (stream.DeadLetterTopic is { } name)
            {
                if (!_topics.TryGetValue(name, out var topic))
                    _topics[name] = topic = new DeadLetterTopic(log, name);

                _byStream[stream.Name] = topic;
            }
        }
    }

    /// <summary>Letters, newest first. Null filters match everything.</summary>
    public async Task<IReadOnlyList<DeadLetter>> ListAsync(
        string? stream, DeadLetterStatus? status, int limit, int skip, CancellationToken cancellationToken)
    {
        var fromTopics = status is null or DeadLetterStatus.Open ? await InTopicsAsync(stream, cancellationToken) : [];
        if (fromTopics.Count == 0)
            return await _table.ListAsync(stream, status, limit, skip, cancellationToken);

        var most = (int)Math.Min(int.MaxValue, (long)limit + skip);
        var page = (await _table.ListAsync(stream, status, most, 0, cancellationToken)).Select(letter => (letter, InTopic: false))
            .Concat(fromTopics.Select(letter => (letter, InTopic: true)))
            .OrderByDescending(l => l.letter.CreatedAt).ThenBy(l => l.letter.Position.Partition.Topic, StringComparer.Ordinal)
            .ThenBy(l => l.letter.Position.Partition.Partition).ThenByDescending(l => l.letter.Position.Offset.Value)
            .Skip(skip).Take(limit).ToList();
        var letters = new List<DeadLetter>(page.Count);
        foreach (var (letter, inTopic) in page)
        {
            letters.Add(inTopic
                ? await _byStream[letter.Stream].FindAsync(letter.Stream, letter.Position, cancellationToken) ?? letter
                : letter);
        }

        return letters;
    }

    /// <summary>The letter of this stream at this position, or null.</summary>
    public async Task<DeadLetter?> FindAsync(string stream, RecordPosition position, CancellationToken cancellationToken) =>
        await _table.FindAsync(stream, position, cancellationToken)
        ?? (_byStream.TryGetValue(stream, out var topic) ? await topic.FindAsync(stream, position, cancellationToken) : null);

    /// <summary>Open letters by stream, code and field, most first.</summary>
    public async Task<IReadOnlyList<DeadLetterCount>> CountAsync(CancellationToken cancellationToken)
    {
        var counts = await _table.CountAsync(cancellationToken);
        var fromTopics = await InTopicsAsync(null, cancellationToken);
        return fromTopics.Count == 0
            ? counts
            :
            [
                .. counts.Concat(fromTopics.Select(l => new DeadLetterCount(l.Stream, l.Code, l.Field, 1)))
                    .GroupBy(c => (c.Stream, c.Code, c.Field))
                    .Select(g => new DeadLetterCount(g.Key.Stream, g.Key.Code, g.Key.Field, g.Sum(c => c.Count)))
                    .OrderByDescending(c => c.Count).ThenBy(c => c.Stream, StringComparer.Ordinal),
            ];
    }

    /// <summary>Puts a value in place of an open letter's own; null takes it back. NotFound when no such letter is open.</summary>
    public async Task EditAsync(string stream, RecordPosition position, byte[]? value, CancellationToken cancellationToken)
    {
        await RequireInTableAsync(stream, position, cancellationToken);
        if (await _table.EditAsync(stream, position, value, cancellationToken) == 0)
            throw new TidemillException(ErrorCode.InvalidRequest, $"The dead letter of {stream} at {position} is not open any more.");
    }

    /// <summary>Gives an open letter up; returns how many it was: 0 or 1. It stays readable.</summary>
    public async Task<long> DiscardAsync(string stream, RecordPosition position, CancellationToken cancellationToken)
    {
        await RequireInTableAsync(stream, position, cancellationToken);
        return await _table.DiscardAsync(stream, position, cancellationToken);
    }

    /// <summary>The letter, now a row of the table; NotFound when there is none.</summary>
    internal async Task<DeadLetter> RequireInTableAsync(string stream, RecordPosition position, CancellationToken cancellationToken)
    {
        if (await _table.FindAsync(stream, position, cancellationToken) is { } row)
            return row;

        var letter = await FindAsync(stream, position, cancellationToken)
            ?? throw new TidemillException(ErrorCode.NotFound, $"Stream {stream} has no dead letter at {position}.");
        await _table.WriteAsync([letter], cancellationToken);
        return letter;
    }

    /// <summary>All open letters of a stream, now rows of the table.</summary>
    internal async Task<IReadOnlyList<DeadLetter>> OpenInTableAsync(string stream, CancellationToken cancellationToken)
    {
        foreach (var letter in await InTopicsAsync(stream, cancellationToken))
            await RequireInTableAsync(stream, letter.Position, cancellationToken);

        return await _table.ListAsync(stream, DeadLetterStatus.Open, int.MaxValue, 0, cancellationToken);
    }

    public void Dispose()
    {
        foreach (var topic in _topics.Values)
            topic.Dispose();
    }

    /// <summary>Open letters that only a topic holds, without their values.</summary>
    private async Task<List<DeadLetter>> InTopicsAsync(string? stream, CancellationToken cancellationToken)
    {
        var letters = new List<DeadLetter>();
        foreach (var (name, topic) in _byStream.Where(s => stream is null || s.Key == stream))
        {
            var inTopic = await topic.ListAsync(name, cancellationToken);
            if (inTopic.Count > 0)
            {
                var settled = await _table.PositionsAsync(name, cancellationToken);
                letters.AddRange(inTopic.Where(l => !settled.Contains(l.Position)));
            }
        }

        return letters;
    }
}
