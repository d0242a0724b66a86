namespace Tidemill.IntegrationTests.Crash;

/// <summary>A project whose streams fill a table by each conflict rule.</summary>
internal static class CrashProject
{
    /// <summary>Those that read the topic.</summary>
    public static readonly string[] Streams = ["appended", "kept", "latest", "totals"];

    private const string Decode = """
        decode:
          fields:
            id: { type: uuid, required: true }
            user_id: { type: uuid, required: true }
            amount: { type: "decimal(18,2)", required: true }
            event_time: { type: timestamp, required: true }
        batch: { max_records: 700, max_wait: 30ms }
        """;

    /// <param name="log">The target's log; null: the embedded one.</param>
    /// <param name="partitions">Of the topic that all streams read.</param>
    public static void Write(string folder, string warehouse, string? log = null, int partitions = 3)
    {
        Directory.CreateDirectory(Path.Combine(folder, "streams"));
        Put("tidemill.yaml", $$"""
            name: crash
            default_target: it
            targets:
              it:
                warehouse: {{warehouse}}
                log: {{log ?? "{ type: embedded }"}}
            topics:
              payments: { partitions: {{partitions}} }
            """);
        Put("streams/generator.yaml", """
            source:
              generator:
                seed: 5
                rate: 2000
                fields: { id: uuid, user_id: { uuid_pool: 50 }, amount: { amount: { min: 1, max: 9, scale: 2 } }, event_time: now }
                late: { share: 0.1, by: 3h }
                duplicates: 0.02
                malformed: 0.01
            sinks:
              - topic: { name: payments }
            """);
        Put("streams/appended.yaml", $"""
            source: {"{"} topic: payments {"}"}
            {Decode}
            transform: SELECT id, amount, _partition AS source_partition, _offset AS source_offset FROM batch
            sinks:
              - warehouse: {"{"} table: appended, on_conflict: append {"}"}
            """);
        Put("streams/kept.yaml", $"""
            source: {"{"} topic: payments {"}"}
            {Decode}
            sinks:
              - warehouse: {"{"} table: kept, on_conflict: ignore, key: [id] {"}"}
            """);
        Put("streams/latest.yaml", $"""
            source: {"{"} topic: payments {"}"}
            {Decode}
            sinks:
              - warehouse: {"{"} table: latest, on_conflict: upsert, key: [user_id] {"}"}
            """);
        Put("streams/totals.yaml", $"""
            source: {"{"} topic: payments {"}"}
            {Decode}
            deduplicate: [id]
            transform: |
              SELECT user_id, count(*) AS payments, sum(amount) AS total FROM batch GROUP BY user_id
            sinks:
              - warehouse: {"{"} table: totals, on_conflict: merge, key: [user_id], merge: {"{"} payments: sum, total: sum {"}"} {"}"}
            """);

        void Put(string file, string text) => File.WriteAllText(Path.Combine(folder, file), text + "\n");
    }
}
