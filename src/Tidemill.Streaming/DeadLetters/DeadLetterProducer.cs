using Tidemill.Core.Logs;

namespace Tidemill.Streaming.DeadLetters;

/// <summary>
/// Writes dead letters to a topic. They are durable there before the checkpoint moves over their records, so none is lost;
/// a crash in between writes them again, and <see cref="DeadLetterTopic"/> takes equal stream and position as one letter:
/// effectively once.
/// </summary>
internal sealed class DeadLetterProducer(ILog log, string topic) : IDeadLetterTarget, IAsyncDisposable
{
    private readonly ILogProducer _producer = log.CreateProducer(new ProducerOptions());

    public async Task WriteAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken) =>
        await _producer.ProduceAsync(topic, [.. letters.Select(DeadLetterHeaders.ToRecord)], cancellationToken);

    public ValueTask DisposeAsync() => _producer.DisposeAsync();
}
