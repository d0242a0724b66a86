using System.Globalization;
using System.Text;
using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming.Sinks;

namespace Tidemill.Benchmarks;

/// <summary>The ~230-byte transactions that the ingest benchmarks move, and the stream that reads them.</summary>
internal static class TransactionRecords
{
    public const string Topic = "transactions";

    public const string Columns =
        "transaction_id UUID, user_id UUID, amount DECIMAL(18,2), currency VARCHAR, status VARCHAR, event_time TIMESTAMP";

    private static readonly string[] Currencies = ["USD", "EUR", "GBP", "JPY"];
    private static readonly string[] Statuses = ["completed", "pending", "failed"];

    /// <summary>Record n; ids are random and all different.</summary>
    public static byte[] Json(Random random, long n)
    {
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        var id = new Guid(bytes);
        random.NextBytes(bytes);
        var user = new Guid(bytes);
        var time = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Unspecified).AddMilliseconds(n * 7);
        return Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"transaction_id":"{{id}}","user_id":"{{user}}","amount":{{random.Next(100, 50_000) / 100m}},"currency":"{{Currencies[n % 4]}}","status":"{{Statuses[n % 3]}}","event_time":"{{time:yyyy-MM-ddTHH:mm:ss.fffZ}}","channel":"web"}"""));
    }

    /// <summary>The same records in a log topic and in a file of JSON lines; returns bytes a record.</summary>
    public static async Task<double> WriteWithFileAsync(ILog log, string file, int records, int partitions)
    {
        await using var stream = new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.Read, 1 << 20);
        return await WriteAsync(log, Topic, records, partitions, batch =>
        {
            foreach (var record in batch)
            {
                stream.Write(record.Value!.Value.Span);
                stream.WriteByte((byte)'\n');
            }
        });
    }

    /// <summary>The records in a log topic; returns bytes a record.</summary>
    public static Task<double> WriteAsync(ILog log, string topic, int records, int partitions) =>
        WriteAsync(log, topic, records, partitions, _ => { });

    private static async Task<double> WriteAsync(ILog log, string topic, int records, int partitions, Action<List<ProducerRecord>> each)
    {
        await log.CreateTopicAsync(new TopicSpec(topic) { Partitions = partitions }, default);
        await using var producer = log.CreateProducer(new ProducerOptions { Acknowledgement = Acknowledgement.Written });
        var random = new Random(11);
        long bytes = 0;
        foreach (var part in Enumerable.Range(0, records).Chunk(20_000))
        {
            var batch = part.Select(n => new ProducerRecord { Value = Json(random, n), Partition = n / 20_000 % partitions }).ToList();
            bytes += batch.Sum(r => (long)r.Value!.Value.Length);
            each(batch);
            await producer.ProduceAsync(topic, batch, default);
        }

        return (double)bytes / records;
    }

    public static StreamDefinition Stream(string table, ConflictRule rule) => new()
    {
        Name = table,
        File = "bench",
        Source = new TopicSourceDefinition(Topic),
        Decode = new DecodeDefinition
        {
            Fields =
            [
                Field("transaction_id", FieldKind.Uuid), Field("user_id", FieldKind.Uuid),
                new DecodeField("amount", new FieldType(FieldKind.Decimal, 18, 2)) { Required = true },
                Field("currency", FieldKind.Text), Field("status", FieldKind.Text), Field("event_time", FieldKind.Timestamp),
            ],
        },
        Sinks = [new WarehouseSinkDefinition(table, new TableName(table)) { Rule = rule, Key = ["transaction_id"] }],
    };

    private static DecodeField Field(string name, FieldKind kind) => new(name, new FieldType(kind)) { Required = true };
}
