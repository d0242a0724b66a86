using System.Globalization;

namespace Tidemill.Benchmarks;

/// <summary>
/// <c>ingest-kafka-postgres [records] [rounds]</c>: Kafka -> decode -> PostgreSQL table against one raw binary COPY of the same
/// rows, primary key and all. Servers come from TIDEMILL_TEST_KAFKA and TIDEMILL_TEST_POSTGRES.
/// </summary>
internal static class IngestKafkaPostgres
{
    public static async Task<int> RunAsync(string[] args)
    {
        var records = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 1_000_000;
        var rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 3;
        await using var topic = await KafkaTopic.CreateAsync(records);
        await IngestPostgres.CompareAsync(topic.Log, topic.Stream(keyed: true), records, rounds);
        return 0;
    }
}
