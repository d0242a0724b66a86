using System.Text;
using Tidemill.Core.Logs;
using Tidemill.Log.Groups;
using Tidemill.Log.Partitions;
using Tidemill.Log.Segments;

namespace Tidemill.Tests.Log;

public sealed unsafe class SegmentFormatTests
{
    /// <summary>The vectors of RFC 3720, appendix B.4, and of the polynomial's usual check.</summary>
    [Fact]
    public void Crc32C_gives_the_published_values()
    {
        Assert.Equal(0xE3069283u, Crc32C.Compute("123456789"u8));
        Assert.Equal(0x8A9136AAu, Crc32C.Compute(new byte[32]));
        Assert.Equal(0x62A8AB43u, Crc32C.Compute(Enumerable.Repeat((byte)0xFF, 32).ToArray()));
        Assert.Equal(0x46DD794Eu, Crc32C.Compute([.. Enumerable.Range(0, 32).Select(i => (byte)i)]));
    }

    /// <summary>Against the definition, bit by bit: at lengths around those at which the bytes are taken in lanes, in one piece
    /// and in two.</summary>
    [Fact]
    public void Crc32C_of_any_length_is_the_one_by_definition()
    {
        int seed = Environment.TickCount & 0xFFFF;
        var random = new Random(seed);
        byte[] bytes = new byte[20_000];
        random.NextBytes(bytes);
        uint running = Crc32C.Initial;
        for (int length = 0; length <= bytes.Length; length++)
        {
            if (length % 1024 is < 20 or > 1000)
            {
                int cut = random.Next(length + 1);
                Assert.True(running == Crc32C.Update(Crc32C.Initial, bytes.AsSpan(0, length)), $"seed {seed}, length {length}");
                Assert.True(
                    running == Crc32C.Update(Crc32C.Update(Crc32C.Initial, bytes.AsSpan(0, cut)), bytes.AsSpan(cut, length - cut)),
                    $"seed {seed}, length {length}, cut at {cut}");
            }

            if (length < bytes.Length) running = NextByDefinition(running, bytes[length]);
        }
    }

    /// <summary>The vectors of Kafka's own tests of its murmur2.</summary>
    [Theory]
    [InlineData("21", -973932308)]
    [InlineData("foobar", -790332482)]
    [InlineData("a-little-bit-long-string", -985981536)]
    [InlineData("a-little-bit-longer-string", -1486304829)]
    [InlineData("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971)]
    [InlineData("abc", 479470107)]
    public void Murmur2_gives_Kafkas_values(string key, int hash) => Assert.Equal(hash, Partitioner.Murmur2(Encoding.UTF8.GetBytes(key)));

    [Fact]
    public void Any_batch_reads_back_as_it_was_written()
    {
        int first = Environment.TickCount & 0xFFFF;
        for (int seed = first; seed < first + 200; seed++)
        {
            var random = new Random(seed);
            var records = Enumerable.Range(0, random.Next(1, 40)).Select(_ => RandomRecord(random)).ToList();
            using var writer = Encode(records);
            writer.Place(random.NextInt64(1L << 40), 0);
            byte[] bytes = writer.Bytes.ToArray();

            Assert.True(BatchHeader.TryRead(bytes, out var header) && header.Matches(bytes), $"seed {seed}");
            Assert.Equal(writer.Header with { Crc = header.Crc }, header);
            Assert.Equal(records.Max(r => r.Timestamp!.Value.ToUnixTimeMilliseconds()), header.MaxTimestamp);
            fixed (byte* batch = bytes)
            {
                var decoder = new RecordDecoder(batch, header);
                for (int i = 0; i < records.Count; i++)
                {
                    Assert.True(decoder.TryRead(out var read), $"seed {seed}");
                    Assert.Equal(header.BaseOffset + i, read.Offset);
                    Assert.Equal(records[i].Timestamp!.Value.ToUnixTimeMilliseconds(), read.TimestampMs);
                    Assert.Equal(records[i].Key?.ToArray(), read.HasKey ? read.Key.ToArray() : null);
                    Assert.Equal(records[i].Value?.ToArray(), read.IsTombstone ? null : read.Value.ToArray());
                    Assert.Equal(records[i].Headers?.Count ?? 0, RecordDecoder.ReadHeaders(decoder.Headers, batch + header.Length).Count);
                }

                Assert.True(decoder.AtEnd);
            }
        }
    }

    [Fact]
    public void Malformed_records_never_lead_outside_the_batch()
    {
        var random = new Random(11);
        using var writer = Encode([.. Enumerable.Range(0, 5).Select(_ => RandomRecord(random, longest: 200))]);
        writer.Place(0, 0);
        byte[] whole = writer.Bytes.ToArray();
        for (int i = BatchHeader.Bytes; i < whole.Length; i++)
        {
            for (int flip = 1; flip < 256; flip = (flip * 2) + 1)
            {
                byte[] bytes = [.. whole];
                bytes[i] ^= (byte)flip;
                Assert.True(BatchHeader.TryRead(bytes, out var header));
                Assert.False(header.Matches(bytes));
                fixed (byte* batch = bytes)
                {
                    var decoder = new RecordDecoder(batch, header);
                    while (!decoder.AtEnd && decoder.TryRead(out var read))
                    {
                        Assert.InRange(read.Key.Length + read.Value.Length, 0, bytes.Length);
                        _ = RecordDecoder.ReadHeaders(decoder.Headers, batch + header.Length);
                    }
                }
            }
        }
    }

    [Fact]
    public void Range_assignment_gives_each_topic_in_runs_to_the_members_that_read_it()
    {
        var shares = RangeAssignor.Assign([["a", "b"], ["a"]], new Dictionary<string, int> { ["a"] = 5, ["b"] = 2 });

        Assert.Equal(["a/0", "a/1", "a/2", "b/0", "b/1"], shares[0].Select(p => p.ToString()));
        Assert.Equal(["a/3", "a/4"], shares[1].Select(p => p.ToString()));
    }

    private static uint NextByDefinition(uint running, byte next)
    {
        running ^= next;
        for (int bit = 0; bit < 8; bit++) running = (running >> 1) ^ ((running & 1) * 0x82F63B78);
        return running;
    }

    private static RecordBatchWriter Encode(List<ProducerRecord> records)
    {
        var writer = new RecordBatchWriter((int)records.Sum(r => RecordBatchWriter.Bound(r, RecordBatchWriter.Size(r))) + BatchHeader.Bytes);
        foreach (var record in records)
        {
            Assert.True(writer.Fits(RecordBatchWriter.Bound(record, RecordBatchWriter.Size(record))));
            writer.Add(record, record.Timestamp!.Value.ToUnixTimeMilliseconds());
        }

        writer.Finish();
        return writer;
    }

    private static ProducerRecord RandomRecord(Random random, int longest = 70_000) => new()
    {
        Key = RandomBytes(random, longest),
        Value = RandomBytes(random, longest),
        Timestamp = DateTimeOffset.FromUnixTimeMilliseconds(random.NextInt64(-62_135_596_800_000, 253_402_300_799_999)),
        Headers = random.Next(3) > 0
            ? null
            : [.. Enumerable.Range(0, random.Next(4)).Select(i => new RecordHeader($"h{i}é", RandomBytes(random, longest)))],
    };

    private static ReadOnlyMemory<byte>? RandomBytes(Random random, int longest)
    {
        if (random.Next(4) == 0) return null;
        byte[] bytes = new byte[random.Next(3) == 0 ? random.Next(longest) : random.Next(200)];
        random.NextBytes(bytes);
        return bytes;
    }
}
