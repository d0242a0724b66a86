using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;
using Tidemill.Core.Streams;

namespace Tidemill.Connectors.Topics;

/// <summary>
/// Rows, or the source's records as they are, into a topic, with the checkpoint in the same log and the same transaction:
/// exactly once. A replayed dead letter has no range to move over: it is appended alone.
/// </summary>
public sealed class TopicSink : ISink
{
    private readonly ILog _source;
    private readonly ILog _target;
    private readonly StreamDefinition _stream;
    private readonly TopicSinkDefinition _definition;
    private readonly ICheckpointedProducer _producer;
    private ILogProducer? _plain;
    private RecordEncoder? _encoder;

    /// <param name="source">The log that the stream reads.</param>
    /// <param name="target">The log that has the topic.</param>
    /// <param name="project">The project's name: part of the checkpoint's owner.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="definition">One of its sinks.</param>
    public TopicSink(ILog source, ILog target, string project, StreamDefinition stream, TopicSinkDefinition definition)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(definition);
        (_source, _target, _stream, _definition) = (source, target, stream, definition);
        _producer = target.CreateCheckpointedProducer(new ProducerOwner(project, stream.Name, definition.Name));
    }

    public string Name => _definition.Name;

    private bool PassesOn => _stream.Decode is null;

    private bool BySource =>
        (_definition.PartitionBy ?? (PassesOn ? TopicPartitioning.Source : TopicPartitioning.Key)) == TopicPartitioning.Source;

    public async Task OpenAsync(Schema schema, CancellationToken cancellationToken)
    {
        _encoder?.Dispose();
        _encoder = PassesOn ? null : new RecordEncoder(_definition, schema);
        var read = _stream.Source.Topic;
        var source = await _source.DescribeTopicAsync(read, cancellationToken)
            ?? throw new TidemillException(ErrorCode.NotFound, $"Topic {read} does not exist.");
        var target = await _target.DescribeTopicAsync(_definition.Topic, cancellationToken)
            ?? await _target.CreateTopicAsync(new TopicSpec(_definition.Topic) { Partitions = source.Partitions.Count }, cancellationToken);
        if (BySource && target.Partitions.Count < source.Partitions.Count)
        {
            throw new TidemillException(
                ErrorCode.SchemaConflict,
                $"Topic {_definition.Topic} has {target.Partitions.Count} partitions and {read} has {source.Partitions.Count}: records "
                    + "cannot keep their " +
                "partition's number. Give the topic as many, or set the sink's `partition_by: key`.");
        }
    }

    public Task<IReadOnlyDictionary<TopicPartition, LogOffset>> ReadPositionsAsync(
        IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken) =>
        _producer.ReadPositionsAsync(cancellationToken);

    public async Task<long> WriteAsync(SinkBatch batch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var records = Records(batch);
        try
        {
            if (batch.Ranges.Count == 0)
            {
                _plain ??= _target.CreateProducer(new ProducerOptions());
                await _plain.ProduceAsync(_definition.Topic, records, cancellationToken);
                return records.Count;
            }

            if (batch.Ranges.Count > 1 && records.Count > 0)
                throw new InvalidOperationException("A batch for a topic holds one partition's records.");

            foreach (var range in batch.Ranges)
                await _producer.ProduceAsync(_definition.Topic, records, range, cancellationToken);

            return records.Count;
        }
        catch (TidemillException error) when (error.Code == ErrorCode.RecordTooLarge)
        {
            throw new TidemillException(ErrorCode.RowRejected, error.Message, error);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _producer.DisposeAsync();
        _encoder?.Dispose();
        if (_plain is not null)
            await _plain.DisposeAsync();
    }

    private List<ProducerRecord> Records(SinkBatch batch)
    {
        if (PassesOn)
            return PassedOn(batch.Records);

        var encoder = _encoder ?? throw new InvalidOperationException("The sink is not open.");
        return batch.Rows is { RowCount: > 0 } rows ? encoder.Encode(rows, Partition(batch.Records)) : [];
    }

    private int? Partition(IReadOnlyList<FetchedRecords> records) => BySource ? records[0].Partition.Partition : null;

    private List<ProducerRecord> PassedOn(IReadOnlyList<FetchedRecords> runs)
    {
        var records = new List<ProducerRecord>(runs.Sum(r => r.Records.Length));
        foreach (var run in runs)
        {
            for (var i = 0; i < run.Records.Length; i++)
            {
                ref readonly var record = ref run.Records[i];
                records.Add(new ProducerRecord
                {
                    Key = record.HasKey ? record.Key.ToArray() : default(ReadOnlyMemory<byte>?),
                    Value = record.IsTombstone ? default(ReadOnlyMemory<byte>?) : record.Value.ToArray(),
                    Timestamp = DateTimeOffset.FromUnixTimeMilliseconds(record.TimestampMs),
                    Headers = run.Headers(i),
                    Partition = BySource ? run.Partition.Partition : null,
                });
            }
        }

        return records;
    }
}
