namespace Tidemill.Core.Logs;

/// <summary>A named value beside a record. A null value is kept as null, but librdkafka writes an empty one in its place.</summary>
public sealed record RecordHeader(string Name, ReadOnlyMemory<byte>? Value);

/// <summary>A record to append.</summary>
public readonly record struct ProducerRecord
{
    /// <summary>Null: no key; the partition is then chosen in turn.</summary>
    public ReadOnlyMemory<byte>? Key { get; init; }

    /// <summary>Null: a tombstone.</summary>
    public ReadOnlyMemory<byte>? Value { get; init; }

    /// <summary>
    /// Default: the log's clock at append. Kept at millisecond resolution. Kafka refuses one more than an hour in the
    /// future (the topic's message.timestamp.after.max.ms) with InvalidRequest.
    /// </summary>
    public DateTimeOffset? Timestamp { get; init; }

    public IReadOnlyList<RecordHeader>? Headers { get; init; }

    /// <summary>Default: from the key by murmur2 as Kafka's clients do, or in turn without a key.</summary>
    public int? Partition { get; init; }
}

/// <summary>
/// A record inside <see cref="FetchedRecords"/>: pointers into memory that the fetch owns. Valid until that is disposed.
/// </summary>
public readonly unsafe struct RecordRef(byte* key, int keyLength, byte* value, int valueLength, long offset, long timestampMs)
{
    private readonly byte* _key = key;
    private readonly byte* _value = value;
    private readonly int _keyLength = keyLength;
    private readonly int _valueLength = valueLength;

    public long Offset { get; } = offset;

    /// <summary>Milliseconds since 1970-01-01T00:00:00Z.</summary>
    public long TimestampMs { get; } = timestampMs;

    public bool HasKey => _keyLength >= 0;

    /// <summary>True when the value is null.</summary>
    public bool IsTombstone => _valueLength < 0;

    // SAFETY: the memory belongs to the FetchedRecords that handed this struct out; any thread may read until it is disposed.
    public ReadOnlySpan<byte> Key => _keyLength < 0 ? default : new ReadOnlySpan<byte>(_key, _keyLength);

    public ReadOnlySpan<byte> Value => _valueLength < 0 ? default : new ReadOnlySpan<byte>(_value, _valueLength);
}

/// <summary>
/// A run of records of one partition, in offset order, owning the memory behind them. Dispose returns it to its pool.
/// Offsets may have gaps (transaction markers, compaction): <see cref="Next"/> is where reading goes on.
/// </summary>
public abstract class FetchedRecords : IDisposable
{
    public abstract TopicPartition Partition { get; }

    public abstract ReadOnlySpan<RecordRef> Records { get; }

    /// <summary>Offset after the last record read, to seek to in order to go on.</summary>
    public abstract LogOffset Next { get; }

    /// <summary>Sum of key and value bytes.</summary>
    public abstract long Bytes { get; }

    /// <summary>Headers of the record at <paramref name="index"/> in <see cref="Records"/>; copied, for inspection.</summary>
    public abstract IReadOnlyList<RecordHeader> Headers(int index);

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);
}
