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
    KafkaLog log, CheckpointTopic checkpoints, int checkpointPartitions, ProducerOwner owner, TopicPartition source, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FullQueueWait = TimeSpan.FromMilliseconds(5);

    private IProducer<byte[]?, byte[]?>? client;

    // Where the partition stands; null: it was never taken. Holds while the client does.
    private LogOffset? position;

    public async Task ProduceAsync(string topic, IReadOnlyList<ProducerRecord> records, OffsetRange range, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var transaction = client ?? await TakeOverAsync(cancellationToken).ConfigureAwait(false);
        if (position is { } held && held != range.Start)
        {
            throw Fenced($"the checkpoint of {owner} is {held}, not {range.Start}", null);
        }

        try
        {
            transaction.BeginTransaction();
            foreach (var record in records) await SendAsync(transaction, topic, record, cancellationToken).ConfigureAwait(false);
            var moved = CheckpointTopic.Record(owner, source, range.End, checkpointPartitions);
            await SendAsync(transaction, CheckpointTopic.Name, moved, cancellationToken).ConfigureAwait(false);
            await RepeatAsync(transaction.CommitTransaction, cancellationToken).ConfigureAwait(false);
            position = range.End;
        }
        catch (KafkaException error)
        {
            throw await EndAsync(transaction, topic, error).ConfigureAwait(false);
        }
        catch
        {
            await Task.Run(Discard, CancellationToken.None).ConfigureAwait(false);
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
            await RepeatAsync(taken.InitTransactions, cancellationToken).ConfigureAwait(false);
            position = await checkpoints.ReadExactlyAsync(owner, source, cancellationToken).ConfigureAwait(false);
            return client = taken;
        }
        catch (KafkaException error)
        {
            await DisposeAsync(taken).ConfigureAwait(false);
            throw log.Explain($"begin transactions for {source}", error);
        }
        catch
        {
            await DisposeAsync(taken).ConfigureAwait(false);
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
                await Task.Delay(FullQueueWait, time, cancellationToken).ConfigureAwait(false);
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
                catch (KafkaRetriableException) when (!cancellationToken.IsCancellationRequested && time.GetElapsedTime(started) < Patience)
                {
                    continue;
                }
            }
        }, CancellationToken.None).ConfigureAwait(false);
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
                await RepeatAsync(transaction.AbortTransaction, CancellationToken.None).ConfigureAwait(false);
                ended = true;
            }
            catch (KafkaException failed)
            {
                // The abort names the fatal error that an append only hinted at.
                if (failed.Error.IsFatal || IsFenced(failed.Error.Code)) cause = failed;
            }
        }

        if (!ended) await Task.Run(Discard).ConfigureAwait(false);
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
        client?.Dispose();
        client = null;
    }

    private static Task DisposeAsync(IProducer<byte[]?, byte[]?> taken) => Task.Run(taken.Dispose);
}
