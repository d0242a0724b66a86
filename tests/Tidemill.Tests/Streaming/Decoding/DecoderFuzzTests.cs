using System.Text;
using Tidemill.Core.Configuration;
using Tidemill.Core.Schemas;
using Tidemill.Streaming.Decoding;

namespace Tidemill.Tests.Streaming.Decoding;

/// <summary>Broken bytes at the edge of readable memory: each gives a row or a failure, never a read too far.</summary>
public sealed class DecoderFuzzTests
{
    private const int Rounds = 40_000;

    /// <summary>A field of every kind, and each timestamp format.</summary>
    private static readonly DecodeDefinition EveryKind = new()
    {
        Fields =
        [
            .. Enum.GetValues<FieldKind>().Select(kind => new DecodeField(kind.ToString(), new FieldType(kind, 20, 5))),
            .. Enum.GetValues<TimestampFormat>().Select(format =>
                new DecodeField("at_" + format, new FieldType(FieldKind.TimestampTz)) { TimestampFormat = format }),
            new DecodeField("short", new FieldType(FieldKind.Decimal, 4, 1)) { Path = ["in", "short"] },
            new DecodeField("medium", new FieldType(FieldKind.Decimal, 9, 9)) { Path = ["in", "medium"] },
        ],
        Lenient = true,
        ExtraColumn = "extra",
    };

    private static readonly string[] Values =
    [
        "true", "\"false\"", "-17", "255", "1e2", "12345678901234567890", "0.1", "\"123.456\"", "1700000000.123456789",
        "\"0189f7ea-ae2c-7809-8aeb-b819cf5e9e7f\"", "\"0189f7eaae2c78098aebb819cf5e9e7f\"", "\"2026-11-21T14:00:00.123456789+02:30\"",
        "\"2026-11-21\"", "\"14:00:00.5\"", "\"P1Y2M3DT4H5M6.7S\"", "\"AAECAwQFBgcICQ==\"", "null", "[1,{\"a\":\"b\"}]",
        "\"\\ud83d\\ude00 text\"", "\"ünïcode\"", "{\"short\":12.3,\"medium\":0.1,\"other\":[]}",
    ];

    [Fact]
    public void Mutated_records_give_a_row_or_a_failure()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        using var run = new DecodeRun(EveryKind, MetadataColumns.All);
        var decoded = 0;
        for (var i = 0; i < Rounds; i++)
        {
            var record = Encoding.UTF8.GetBytes(Record(random));
            var bytes = random.Next(5) == 0 ? record : ByteMutation.Mutate(record, random);
            try
            {
                decoded += run.TryDecode(bytes, out _) ? 1 : 0;
                _ = decoded % 50 == 1 ? run.Row : [];
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"seed {seed}: {Convert.ToHexString(bytes)}", failure);
            }
        }

        Assert.InRange(decoded, Rounds / 50, Rounds);
    }

    [Fact]
    public void Every_prefix_of_a_record_is_truncated_and_every_flipped_byte_gives_a_row_or_a_failure()
    {
        using var run = new DecodeRun(SampleRecords.Definition);
        var record = Encoding.UTF8.GetBytes(SampleRecords.Transaction(new Random(8)));
        Assert.True(run.TryDecode(record, out _));
        for (var length = 1; length < record.Length; length++)
            Assert.Equal(DecodeReason.Truncated, run.Reject(record.AsSpan(0, length)).Reason);

        for (var at = 0; at < record.Length; at++)
        {
            for (var value = 0; value < 256; value++)
            {
                var bytes = (byte[])record.Clone();
                bytes[at] = (byte)value;
                run.TryDecode(bytes, out _);
            }
        }
    }

    [Fact]
    public void Hostile_records_take_time_in_proportion_to_their_length()
    {
        using var run = new DecodeRun(EveryKind);
        const int Length = 1_000_000;
        foreach (var bytes in new[]
        {
            new string('[', Length), "{\"Json\":" + new string('[', Length), "{\"Text\":\"" + new string('\\', Length),
            "{\"Decimal\":" + new string('9', Length) + "}", "{\"Decimal\":0." + new string('0', Length - 100) + "1}",
            "{\"Double\":" + new string('1', Length / 2) + "." + new string('1', Length / 3) + "}",
            "{\"Int32\":1e" + new string('9', Length - 20) + "}",
            "{\"Text\":\"" + string.Concat(Enumerable.Repeat("\\u00e9", Length / 7)) + "\"}",
            "{" + string.Concat(Enumerable.Repeat("\"x\":1,", Length / 7)) + "\"y\":1}",
            "{\"Blob\":\"" + new string('A', Length - 100) + "\"}",
        })
        {
            var started = System.Diagnostics.Stopwatch.GetTimestamp();
            run.TryDecode(Encoding.UTF8.GetBytes(bytes), out _);
            Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(2));
        }
    }

    private static string Record(Random random)
    {
        var names = EveryKind.Fields.Select(f => f.Path[0]).Distinct().OrderBy(_ => random.Next()).Take(random.Next(1, 8));
        return "{"
            + string.Join(random.Next(2) == 0 ? "," : " , ", names.Select(n => $"\"{n}\":{Values[random.Next(Values.Length)]}"))
            + "}";
    }
}
