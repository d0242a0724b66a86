using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Tidemill.DuckDb;
using Tidemill.Streaming.Decoding;

namespace Tidemill.Benchmarks;

/// <summary>
/// <c>decode [RECORDS] [ROUNDS]</c>: JSON records into chunks, against a loop over Utf8JsonReader that reads the same
/// fields into arrays. One thread; the best of the rounds, which alternate.
/// </summary>
internal static class Decode
{
    public static void Run(string[] args)
    {
        var count = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 200_000;
        var rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 7;
        using var records = new Transactions(count);
        using var decoder = new BatchDecoder(Transactions.Definition, MetadataColumns.Offset);
        using var parallel = new BatchDecoder(Transactions.Definition, MetadataColumns.Offset, threads: 2);
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
                throw new InvalidOperationException($"{batch.Rejected.Count} records rejected: {batch.Rejected[0].Failure.Message}");
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
        $"  {name,-30} {records.Bytes / measured.Seconds / 1e6,7:N0} MB/s {records.Records.Length / measured.Seconds / 1e6,6:0.00} M "
            + "records/s"
        + $"  ratio {baseline.Seconds / measured.Seconds,5:0.00}  {measured.BytesPerRecord,6:0.00} B allocated/record");

    private readonly record struct Measurement(double Seconds, double BytesPerRecord);

    /// <summary>The baseline: what a careful programmer writes with the framework's own reader, into the same kinds of cells.</summary>
    private sealed class ReaderLoop
    {
        private readonly Guid[] _ids = new Guid[DataChunk.Capacity];
        private readonly Guid[] _users = new Guid[DataChunk.Capacity];
        private readonly decimal[] _amounts = new decimal[DataChunk.Capacity];
        private readonly int[] _ends = new int[DataChunk.Capacity * 2];
        private readonly byte[] _texts = new byte[1 << 20];
        private readonly DateTime[] _times = new DateTime[DataChunk.Capacity];

        public void Read(Transactions records)
        {
            var row = 0;
            var text = 0;
            foreach (var record in records.Records)
            {
                text = ReadRecord(new Utf8JsonReader(record.Value), row, text);
                row++;
                if (row == DataChunk.Capacity)
                    row = text = 0;
            }
        }

        private int ReadRecord(Utf8JsonReader reader, int row, int text)
        {
            while (reader.Read())
            {
                if (reader.TokenType != JsonTokenType.PropertyName)
                    continue;

                if (reader.ValueTextEquals("transaction_id"u8))
                {
                    reader.Read();
                    _ids[row] = reader.GetGuid();
                }
                else if (reader.ValueTextEquals("user_id"u8))
                {
                    reader.Read();
                    _users[row] = reader.GetGuid();
                }
                else if (reader.ValueTextEquals("amount"u8))
                {
                    reader.Read();
                    _amounts[row] = reader.GetDecimal();
                }
                else if (reader.ValueTextEquals("currency"u8))
                {
                    reader.Read();
                    text += reader.CopyString(_texts.AsSpan(text));
                    _ends[row * 2] = text;
                }
                else if (reader.ValueTextEquals("status"u8))
                {
                    reader.Read();
                    text += reader.CopyString(_texts.AsSpan(text));
                    _ends[(row * 2) + 1] = text;
                }
                else if (reader.ValueTextEquals("event_time"u8))
                {
                    reader.Read();
                    _times[row] = reader.GetDateTime();
                }
            }

            return text;
        }
    }
}
