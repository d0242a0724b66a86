using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;

namespace Tidemill.Benchmarks;

/// <summary>Seeded transactions, as the generator of the example makes them, one after the other in native memory.</summary>
internal sealed unsafe class Transactions : FetchedRecords
{
    public static DecodeDefinition Definition { get; } = new()
    {
        Fields =
        [
            new DecodeField("transaction_id", new FieldType(FieldKind.Uuid)) { Required = true },
            new DecodeField("user_id", new FieldType(FieldKind.Uuid)) { Required = true },
            new DecodeField("amount", new FieldType(FieldKind.Decimal, 18, 2)) { Required = true },
            new DecodeField("currency", new FieldType(FieldKind.Text)),
            new DecodeField("status", new FieldType(FieldKind.Text)),
            new DecodeField("event_time", new FieldType(FieldKind.Timestamp)) { Required = true },
        ],
    };

    private static readonly string[] Currencies = ["USD", "EUR", "GBP", "JPY"];
    private static readonly string[] Statuses = ["completed", "pending", "failed", "refunded"];

    private readonly RecordRef[] _records;
    private readonly byte* _memory;

    public Transactions(int count)
    {
        var random = new Random(42);
        var bytes = new ArrayBufferWriter<byte>(count * 256);
        var ends = new int[count];
        for (var i = 0; i < count; i++)
        {
            Encoding.UTF8.GetBytes(Record(random), bytes);
            ends[i] = bytes.WrittenCount;
        }

        // SAFETY: freed on dispose only; the records point into it and are read by this program alone.
        _memory = (byte*)NativeMemory.Alloc((nuint)bytes.WrittenCount);
        bytes.WrittenSpan.CopyTo(new Span<byte>(_memory, bytes.WrittenCount));
        _records = new RecordRef[count];
        for (var i = 0; i < count; i++)
        {
            var start = i == 0 ? 0 : ends[i - 1];
            _records[i] = new RecordRef(null, -1, _memory + start, ends[i] - start, i, 1_790_000_000_000 + i);
        }

        Bytes = bytes.WrittenCount;
        var size = new BatchDefinition().MaxRecords;
        Batches = [.. Enumerable.Range(0, (count + size - 1) / size)
            .Select(i => new[] { new Part(this, i * size, Math.Min(size, count - (i * size))) })];
    }

    public IReadOnlyList<IReadOnlyList<FetchedRecords>> Batches { get; }

    /// <summary>One record a line.</summary>
    public void WriteLines(string path)
    {
        using var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1 << 20);
        foreach (var record in _records)
        {
            stream.Write(record.Value);
            stream.WriteByte((byte)'\n');
        }
    }

    public override TopicPartition Partition { get; } = new("transactions", 0);

    public override ReadOnlySpan<RecordRef> Records => _records;

    public override LogOffset Next => new(_records.Length);

    public override long Bytes { get; }

    public override IReadOnlyList<RecordHeader> Headers(int index) => [];

    protected override void Dispose(bool disposing) => NativeMemory.Free(_memory);

    private sealed class Part(Transactions all, int first, int count) : FetchedRecords
    {
        public override TopicPartition Partition => all.Partition;

        public override ReadOnlySpan<RecordRef> Records => all.Records.Slice(first, count);

        public override LogOffset Next => new(first + count);

        public override long Bytes => all.Bytes * count / all.Records.Length;

        public override IReadOnlyList<RecordHeader> Headers(int index) => [];

        protected override void Dispose(bool disposing)
        {
        }
    }

    private static string Record(Random random)
    {
        Span<byte> id = stackalloc byte[32];
        random.NextBytes(id);
        var amount = (random.Next(1, 1_000_000) / 100m).ToString("0.00", CultureInfo.InvariantCulture);
        var time = DateTime.UnixEpoch.AddMilliseconds(1_790_000_000_000 + random.Next(100_000_000));
        return $$"""{"transaction_id":"{{new Guid(id[..16])}}","user_id":"{{new Guid(id[16..])}}","amount":{{amount}},"currency":"{{Currencies[random.Next(4)]}}","status":"{{Statuses[random.Next(4)]}}","event_time":"{{time:yyyy-MM-ddTHH:mm:ss.fffZ}}"}""";
    }
}
