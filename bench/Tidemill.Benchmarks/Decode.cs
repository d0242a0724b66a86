using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;
using Tidemill.DuckDb;
using Tidemill.Streaming.Decoding;

namespace Tidemill.Benchmarks;

/// <summary>
/// <c>decode [RECORDS] [ROUNDS]</c>: JSON records into chunks, against a loop over Utf8JsonReader that reads the same
/// fields into arrays. One thread; the best of the rounds, which alternate.
/// </summary>
internal static class Decode
{
    private static readonly DecodeDefinition Definition = new()
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

    public static void Run(string[] args)
    {
        var count = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 200_000;
        var rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 7;
        using var records = new Transactions(count);
        using var decoder = new BatchDecoder(Definition, MetadataColumns.Offset);
        using var parallel = new BatchDecoder(Definition, MetadataColumns.Offset, threads: 2);
        var baseline = new ReaderLoop();
        Measurement best = default, bestReader = default, bestParallel = default;
        for (var round = 0; round < rounds; round++)
        {
            bestReader = Better(bestReader, Measure(records, () => baseline.Read(records)));
            best = Better(best, Measure(records, () => DecodeAll(decoder, records)));
            bestParallel = Better(bestParallel, Measure(records, () => DecodeAll(parallel, records)));
        }

        Console.WriteLine($"decode: {count:N0} records of {(double)records.Bytes / count:0} bytes, best of {rounds} rounds");
        Print("Utf8JsonReader loop, 1 thread", bestReader, bestReader, records);
        Print("JsonDecoder, 1 thread", best, bestReader, records);
        Print("JsonDecoder, 2 threads", bestParallel, bestReader, records);
    }

    /// <summary>In batches of the size that streams use.</summary>
    private static void DecodeAll(BatchDecoder decoder, Transactions records)
    {
        foreach (var part in records.Batches)
        {
            using var batch = decoder.Decode(part, CancellationToken.None);
            if (batch.Rejected.Count > 0)
            {
                throw new InvalidOperationException($"{batch.Rejected.Count} records rejected: {batch.Rejected[0].Failure.Message}");
            }
        }
    }

    private static Measurement Measure(Transactions records, Action action)
    {
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var started = Stopwatch.GetTimestamp();
        action();
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return new Measurement(seconds, (double)(GC.GetTotalAllocatedBytes(precise: true) - allocated) / records.Records.Length);
    }

    private static Measurement Better(Measurement a, Measurement b) => a.Seconds == 0 || b.Seconds < a.Seconds ? b : a;

    private static void Print(string name, Measurement measured, Measurement baseline, Transactions records) => Console.WriteLine(
        $"  {name,-30} {records.Bytes / measured.Seconds / 1e6,7:N0} MB/s {records.Records.Length / measured.Seconds / 1e6,6:0.00} M records/s"
        + $"  ratio {baseline.Seconds / measured.Seconds,5:0.00}  {measured.BytesPerRecord,6:0.00} B allocated/record");

    private readonly record struct Measurement(double Seconds, double BytesPerRecord);

    /// <summary>The baseline: what a careful programmer writes with the framework's own reader, into the same kinds of cells.</summary>
    private sealed class ReaderLoop
    {
        private readonly Guid[] ids = new Guid[DataChunk.Capacity];
        private readonly Guid[] users = new Guid[DataChunk.Capacity];
        private readonly decimal[] amounts = new decimal[DataChunk.Capacity];
        private readonly int[] ends = new int[DataChunk.Capacity * 2];
        private readonly byte[] texts = new byte[1 << 20];
        private readonly DateTime[] times = new DateTime[DataChunk.Capacity];

        public void Read(Transactions records)
        {
            var row = 0;
            var text = 0;
            foreach (var record in records.Records)
            {
                text = ReadRecord(new Utf8JsonReader(record.Value), row, text);
                row++;
                if (row == DataChunk.Capacity)
                {
                    row = text = 0;
                }
            }
        }

        private int ReadRecord(Utf8JsonReader reader, int row, int text)
        {
            while (reader.Read())
            {
                if (reader.TokenType != JsonTokenType.PropertyName)
                {
                    continue;
                }

                if (reader.ValueTextEquals("transaction_id"u8))
                {
                    reader.Read();
                    ids[row] = reader.GetGuid();
                }
                else if (reader.ValueTextEquals("user_id"u8))
                {
                    reader.Read();
                    users[row] = reader.GetGuid();
                }
                else if (reader.ValueTextEquals("amount"u8))
                {
                    reader.Read();
                    amounts[row] = reader.GetDecimal();
                }
                else if (reader.ValueTextEquals("currency"u8))
                {
                    reader.Read();
                    text += reader.CopyString(texts.AsSpan(text));
                    ends[row * 2] = text;
                }
                else if (reader.ValueTextEquals("status"u8))
                {
                    reader.Read();
                    text += reader.CopyString(texts.AsSpan(text));
                    ends[(row * 2) + 1] = text;
                }
                else if (reader.ValueTextEquals("event_time"u8))
                {
                    reader.Read();
                    times[row] = reader.GetDateTime();
                }
            }

            return text;
        }
    }

    /// <summary>Seeded transactions, as the generator of the example makes them, one after the other in native memory.</summary>
    private sealed unsafe class Transactions : FetchedRecords
    {
        private static readonly string[] Currencies = ["USD", "EUR", "GBP", "JPY"];
        private static readonly string[] Statuses = ["completed", "pending", "failed", "refunded"];

        private readonly RecordRef[] records;
        private readonly byte* memory;

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
            memory = (byte*)NativeMemory.Alloc((nuint)bytes.WrittenCount);
            bytes.WrittenSpan.CopyTo(new Span<byte>(memory, bytes.WrittenCount));
            records = new RecordRef[count];
            for (var i = 0; i < count; i++)
            {
                var start = i == 0 ? 0 : ends[i - 1];
                records[i] = new RecordRef(null, -1, memory + start, ends[i] - start, i, 1_790_000_000_000 + i);
            }

            Bytes = bytes.WrittenCount;
            var size = new BatchDefinition().MaxRecords;
            Batches = [.. Enumerable.Range(0, (count + size - 1) / size).Select(i => new[] { new Part(this, i * size, Math.Min(size, count - (i * size))) })];
        }

        public IReadOnlyList<IReadOnlyList<FetchedRecords>> Batches { get; }

        public override TopicPartition Partition { get; } = new("transactions", 0);

        public override ReadOnlySpan<RecordRef> Records => records;

        public override LogOffset Next => new(records.Length);

        public override long Bytes { get; }

        public override IReadOnlyList<RecordHeader> Headers(int index) => [];

        protected override void Dispose(bool disposing) => NativeMemory.Free(memory);

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
}
