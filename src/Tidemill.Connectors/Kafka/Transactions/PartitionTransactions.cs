using Confluent.Kafka;
using Tidemill.Connectors.Kafka.Producing;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using ErrorCode = Tidemill.Core.Errors.ErrorCode;
using KafkaCode = Confluent.Kafka.ErrorCode;
using TopicPartition = Tidemill.Core.Logs.TopicPartition;

namespace Tidemill.Connectors.Kafka.Transactions;

/// <summary>
/// The transactions of one source partition. Errors are met as librdkafka's manual (INTRODUCTION.md, "Transactional
/// Producer") asks: a retriable one is tried again with the same call, one that requires it aborts the transaction, and
/// after a fatal one, or when it stays open whether a commit happened, the client is given up. The next call then takes the
/// partition over anew, which ends what was open, and reads the position that counts.
/// </summary>
internal sealed class PartitionTransactions(
    KafkaLog log,
    CheckpointTopic checkpoints, int checkpointPartitions, ProducerOwner owner, TopicPartition source, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FullQueueWait = TimeSpan.FromMilliseconds(5);

    private IProducer<byte[]?, byte[]?>? _client;

    // Where the partition stands; null: it was never taken. Holds while the client does.
    private LogOffset? _position;

    public async Task ProduceAsync(
        string topic, IReadOnlyList<ProducerRecord> records, OffsetRange range, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var transaction = _client ?? await TakeOverAsync(cancellationToken);
        if (_position is { } held && held != range.Start)
            throw Fenced($"the checkpoint of {owner} is {held}, not {range.Start}", null);

        try
        {
            transaction.BeginTransaction();
            foreach (var record in records) await SendAsync(transaction, topic, record, cancellationToken);
            var moved = CheckpointTopic.Record(owner, source, range.End, checkpointPartitions);
            await SendAsync(transaction, CheckpointTopic.Name, moved, cancellationToken);
            await RepeatAsync(transaction.CommitTransaction, cancellationToken);
            _position = range.End;
        }
        catch (KafkaException error)
        {
            throw await EndAsync(transaction, topic, error);
        }
        catch
        {
            await Task.Run(Discard, CancellationToken.None);
            throw;
        }
    }

    public void Dispose() => Discard();

    /// <summary>Ends the former owner's transaction, fences it, and reads where it came to.</summary>
    private async Task<IProducer<byte[]?, byte[]?>> TakeOverAsync(CancellationToken cancellationToken)
    {
        var taken = log.BuildTransactional($"tidemill.{owner.Project}.{owner.Stream}.{owner.Sink}.{source.Topic}.{source.Partition}");
        try
        {
            await RepeatAsync(taken.InitTransactions, cancellationToken);
            _position = await checkpoints.ReadExactlyAsync(owner, source, cancellationToken);
            return _client = taken;
        }
        catch (KafkaException error)
        {
            await DisposeAsync(taken);
            throw log.Explain($"begin transactions for {source}", error);
        }
        catch
        {
            await DisposeAsync(taken);
            throw;
        }
    }

    private async ValueTask SendAsync(
        IProducer<byte[]?, byte[]?> transaction, string topic, ProducerRecord record, CancellationToken cancellationToken)
    {
        var target = new Confluent.Kafka.TopicPartition(topic, record.Partition ?? Partition.Any);
        var message = KafkaProducer.Message(record);
        while (true)
        {
            try
            {
                transaction.Produce(target, message);
                return;
            }
            catch (KafkaException error) when (error.Error.Code == KafkaCode.Local_QueueFull)
            {
                await Task.Delay(FullQueueWait, time, cancellationToken);
            }
        }
    }

    /// <summary>Calls again while the error is retriable; these calls go on where they were when they ran out of time.</summary>
    private async Task RepeatAsync(Action<TimeSpan> call, CancellationToken cancellationToken)
    {
        long started = time.GetTimestamp();
        await Task.Run(() =>
        {
            while (true)
            {
                try
                {
                    call(CallTimeout);
                    return;
                }
                catch (KafkaRetriableException) when (!cancellationToken.IsCancellationRequested
                    && time.GetElapsedTime(started) < RetryTimeout)
                {
                    continue;
                }
            }
        }, CancellationToken.None);
    }

    /// <summary>Ends a transaction that failed, and says what the caller is told.</summary>
    private async Task<TidemillException> EndAsync(IProducer<byte[]?, byte[]?> transaction, string topic, KafkaException error)
    {
        var cause = error;
        bool ended = false;
        if (error is not KafkaRetriableException && !error.Error.IsFatal)
        {
            try
            {
                await RepeatAsync(transaction.AbortTransaction, CancellationToken.None);
                ended = true;
            }
            catch (KafkaException failed)
            {
                // The abort names the fatal error that an append only hinted at.
                if (failed.Error.IsFatal || IsFenced(failed.Error.Code)) cause = failed;
            }
        }

        if (!ended) await Task.Run(Discard);
        return IsFenced(cause.Error.Code)
            ? Fenced("another session has taken the partition over", cause)
            : log.Explain($"append to {topic} in a transaction", cause);
    }

    private static bool IsFenced(KafkaCode code) =>
        code is KafkaCode.Local_Fenced or KafkaCode.ProducerFenced or KafkaCode.InvalidProducerEpoch;

    private TidemillException Fenced(string reason, Exception? inner) =>
        new(ErrorCode.CheckpointFenced, $"{source}: {reason}.", inner);

    private void Discard()
    {
        _client?.Dispose();
        _client = null;
    }

    private static Task DisposeAsync(IProducer<byte[]?, byte[]?> taken) => Task.Run(taken.Dispose);
}
