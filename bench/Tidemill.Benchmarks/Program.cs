using Tidemill.Benchmarks;

var benchmarks = new SortedDictionary<string, Func<string[], Task<int>>>(StringComparer.Ordinal)
{
    ["decode"] = Plain(Decode.Run),
    ["decode-load"] = Plain(DecodeLoad.Run),
    ["ingest"] = Ingest.RunAsync,
    ["ingest-kafka"] = IngestKafka.RunAsync,
    ["ingest-kafka-postgres"] = IngestKafkaPostgres.RunAsync,
    ["ingest-postgres"] = IngestPostgres.RunAsync,
    ["collections"] = Collections.RunAsync,
    ["latency"] = Latency.RunAsync,
    ["log-append"] = LogAppend.RunAsync,
    ["mirror"] = Mirror.RunAsync,
    ["duckdb-upsert"] = DuckDbUpsert.RunAsync,
    ["duckdb-write"] = DuckDbWrite.RunAsync,
    ["postgres-write"] = PostgresWrite.RunAsync,
    ["rebuild"] = Rebuild.RunAsync,
    ["scale-out"] = ScaleOut.RunAsync,
};

if (args.Length == 0 || !benchmarks.TryGetValue(args[0], out var run))
{
    Console.Error.WriteLine($"usage: Tidemill.Benchmarks {string.Join('|', benchmarks.Keys)} [ARGUMENT...]");
    return 2;
}

return await run(args[1..]);

static Func<string[], Task<int>> Plain(Action<string[]> benchmark) => arguments =>
{
    benchmark(arguments);
    return Task.FromResult(0);
};
