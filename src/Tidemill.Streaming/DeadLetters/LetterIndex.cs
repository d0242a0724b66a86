using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;

namespace Tidemill.Streaming.DeadLetters;

/// <summary>A letter without its key, value and message.</summary>
/// <param name="Stream">Whose it is.</param>
/// <param name="Position">Where the record lies.</param>
/// <param name="CreatedAt">When it was set aside.</param>
/// <param name="Status">What became of it.</param>
/// <param name="Sinks">As in <see cref="DeadLetter.Sinks"/>.</param>
/// <param name="IsEdited">True when somebody put another value in place of its own.</param>
internal sealed record LetterMark(
    string Stream, RecordPosition Position, DateTimeOffset CreatedAt, Stored<DeadLetterStatus> Status, IReadOnlyList<string>? Sinks,
    bool IsEdited)
{
    public bool Concerns(string sink) => Sinks is null || Sinks.Contains(sink, StringComparer.Ordinal);
}

/// <summary>
/// Where a stream's letters lie and what became of each. Keys and values stay in the store, which may hold more than memory
/// does; those of replayed letters are read, some at a time, where they are needed.
/// </summary>
internal sealed class LetterIndex(DeadLetterStore table, string stream, IReadOnlyDictionary<RecordPosition, LetterMark> marks)
{
    public IEnumerable<LetterMark> Marks => marks.Values;

    public LetterMark? Find(RecordPosition position) => marks.GetValueOrDefault(position);

    /// <summary>The letters of records whose rows this sink lacked or lacks, as if they were its alone.</summary>
    public LetterIndex For(string sink) => new(
        table, stream, marks.Values.Where(m => m.Concerns(sink)).ToDictionary(m => m.Position, m => m with { Sinks = null }));

    /// <summary>Replayed letters of the range, whole, by offset.</summary>
    public async IAsyncEnumerable<DeadLetter> ReplayedAsync(
        OffsetRange range, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var letter in table.ReadAsync(stream, DeadLetterStatus.Replayed, range, cancellationToken))
        {
            if (Find(letter.Position) is { } mark && mark.Status == DeadLetterStatus.Replayed)
                yield return letter with { Sinks = mark.Sinks };
        }
    }

    /// <summary>All replayed letters, whole, partition by partition and by offset.</summary>
    public async IAsyncEnumerable<DeadLetter> ReplayedAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var replayed = marks.Values.Where(m => m.Status == DeadLetterStatus.Replayed).Select(m => m.Position.Partition).Distinct();
        foreach (var partition in replayed.OrderBy(p => p.Topic, StringComparer.Ordinal).ThenBy(p => p.Partition))
        {
            await foreach (var letter in ReplayedAsync(
                new OffsetRange(partition, LogOffset.Zero, new LogOffset(long.MaxValue)), cancellationToken))
            {
                yield return letter;
            }
        }
    }
}
