using System.Globalization;
using System.Text;
using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;

namespace Tidemill.Tests.Streaming.Decoding;

/// <summary>Records of the transactions example.</summary>
internal static class SampleRecords
{
    public static DecodeDefinition Definition { get; } = new()
    {
        Fields =
        [
            new DecodeField("transaction_id", new FieldType(FieldKind.Uuid)) { Required = true },
            new DecodeField("user_id", new FieldType(FieldKind.Uuid)) { Required = true },
            new DecodeField("amount", new FieldType(FieldKind.Decimal, 18, 2)) { Required = true },
            new DecodeField("currency", new FieldType(FieldKind.Text)),
            new DecodeField("status", new FieldType(FieldKind.Text)) { Default = "\"unknown\"" },
            new DecodeField("event_time", new FieldType(FieldKind.Timestamp)) { Required = true },
        ],
    };

    public static string Transaction(Random random)
    {
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        var id = new Guid(bytes);
        random.NextBytes(bytes);
        var amount = (random.Next(1, 10_000_000) / 100m).ToString("0.00", CultureInfo.InvariantCulture);
        var time = DateTime.UnixEpoch.AddMilliseconds(random.NextInt64(1_700_000_000_000, 1_800_000_000_000));
        return $$"""{"transaction_id":"{{id}}","user_id":"{{new Guid(bytes)}}","amount":{{amount}},"currency":"EUR","status":"completed","event_time":"{{time:yyyy-MM-ddTHH:mm:ss.fffZ}}"}""";
    }

    public static MemoryFetch Fetch(string topic, int partition, long firstOffset, params IReadOnlyList<string?> values) =>
        new(new TopicPartition(topic, partition), firstOffset, [.. values.Select(v => v is null ? null : Encoding.UTF8.GetBytes(v))]);
}

/// <summary>Records over one pinned array.</summary>
internal sealed unsafe class MemoryFetch : FetchedRecords
{
    private readonly RecordRef[] _records;
    private readonly byte[] _memory;

    public MemoryFetch(TopicPartition partition, long firstOffset, IReadOnlyList<byte[]?> values)
    {
        Partition = partition;
        _memory = GC.AllocateUninitializedArray<byte>(values.Sum(v => v?.Length ?? 0) + 1, pinned: true);
        _records = new RecordRef[values.Count];
        Next = new LogOffset(firstOffset + values.Count);
        var start = (byte*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(_memory, 0);
        var at = 0;
        for (var i = 0; i < _records.Length; i++)
        {
            var value = values[i];
            value?.CopyTo(_memory, at);
            _records[i] = new RecordRef(null, -1, start + at, value?.Length ?? -1, firstOffset + i, 1_700_000_000_000 + i);
            at += value?.Length ?? 0;
        }
    }

    public override TopicPartition Partition { get; }

    public override ReadOnlySpan<RecordRef> Records => _records;

    public override LogOffset Next { get; }

    public override long Bytes => _memory.Length - 1;

    public override IReadOnlyList<RecordHeader> Headers(int index) => [];

    protected override void Dispose(bool disposing)
    {
    }
}
