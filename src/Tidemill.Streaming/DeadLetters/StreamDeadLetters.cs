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

        var inTable = await _table.MarksAsync(stream, status, cancellationToken);
        var page = inTable.Concat(fromTopics.Select(Mark))
            .OrderByDescending(l => l.CreatedAt).ThenBy(l => l.Position.Partition.Topic, StringComparer.Ordinal)
            .ThenBy(l => l.Position.Partition.Partition).ThenByDescending(l => l.Position.Offset.Value)
            .Skip(skip).Take(limit);
        var letters = new List<DeadLetter>();
        foreach (var mark in page)
        {
            if (await FindAsync(mark.Stream, mark.Position, cancellationToken) is { } letter)
                letters.Add(letter);
        }

        return letters;
    }

    /// <summary>Where the stream's letters lie, without their keys and values.</summary>
    internal async Task<LetterIndex> IndexAsync(string stream, CancellationToken cancellationToken)
    {
        var inTable = await _table.MarksAsync(stream, null, cancellationToken);
        var fromTopics = await InTopicsAsync(stream, cancellationToken);
        return new LetterIndex(_table, stream, inTable.Concat(fromTopics.Select(Mark)).ToDictionary(m => m.Position));
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

    /// <summary>Positions of a stream's open letters, in their order.</summary>
    internal async Task<IReadOnlyList<RecordPosition>> OpenAsync(string stream, CancellationToken cancellationToken) =>
        [.. (await IndexAsync(stream, cancellationToken)).Marks.Where(m => m.Status == DeadLetterStatus.Open).Select(m => m.Position)
            .OrderBy(p => p.Partition.Topic, StringComparer.Ordinal).ThenBy(p => p.Partition.Partition).ThenBy(p => p.Offset.Value)];

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
                var settled = (await _table.MarksAsync(name, null, cancellationToken)).Select(m => m.Position).ToHashSet();
                letters.AddRange(inTopic.Where(l => !settled.Contains(l.Position)));
            }
        }

        return letters;
    }

    private static LetterMark Mark(DeadLetter letter) => new(
        letter.Stream, letter.Position, letter.CreatedAt, letter.Status, letter.Sinks, letter.EditedValue is not null);
}
