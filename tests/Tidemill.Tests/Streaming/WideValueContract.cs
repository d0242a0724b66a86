using System.Globalization;
using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Schemas;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Replay;
using Tidemill.Streaming.Sinks;
using Tidemill.Streaming.Verification;

namespace Tidemill.Tests.Streaming;

/// <summary>Values that .NET's types do not hold; run on DuckDB here and on PostgreSQL by the integration tests.</summary>
public abstract class WideValueContract
{
    private const string Transform = "SELECT * EXCLUDE (day), CASE WHEN id < 3 THEN day::DATE ELSE '-infinity'::DATE END AS day, "
        + "CASE id WHEN 1 THEN 'infinity'::TIMESTAMPTZ ELSE far::TIMESTAMPTZ END AS zoned FROM batch";

    private protected abstract Task<StreamBench> OpenBenchAsync();

    [Theory]
    [InlineData("huge")]
    [InlineData("span")]
    [InlineData("far")]
    [InlineData("wide")]
    [InlineData("day")]
    [InlineData("zoned")]
    public async Task Values_that_no_clr_type_holds_are_proven_and_planned(string key)
    {
        await using var bench = await OpenBenchAsync();
        var stream = Stream(new WarehouseSinkDefinition("events", new TableName("events")) { Rule = ConflictRule.Upsert, Key = [key] });
        await bench.ProduceAsync(
            Json(1, "170141183460469231731687303715884105727", "P1M", 253402300800, "123456789012345678901234567890123456.78", "12000-02-29"),
            Json(2, "-1", "P100000000D", -62135596801, "-0.01", "2026-01-01"),
            Json(3, "0", "P1Y2M25DT5H", 1767225600000, "99999999999999999999999999999.99", "2026-01-01"));
        await bench.CatchUpAsync(stream);

        var report = Assert.Single(await new StreamVerifier(bench.Services, [stream]).VerifyAsync(null, default));
        Assert.True(report.Proven, string.Join("; ", report.Findings));
        Assert.Empty((await new DeadLetterStore(bench.Warehouse).ListAsync("events", null, 9, 0, default)).Select(l => l.Message));
        Assert.Equal(3, report.RowsFound);
        using var letters = new StreamDeadLetters(bench.Warehouse, bench.Log, [stream]);
        var replay = new RangeReplay(bench.Services, [stream], letters);
        var sink = Assert.Single((await replay.PreviewAsync(new RangeReplayRequest("events"), default)).Sinks);
        Assert.Equal((0L, 0L, 3L), (sink.New, sink.Changed, sink.Unchanged));
        Assert.Equal(3, (await replay.RunAsync(new RangeReplayRequest("events"), null, default)).Records);
        Assert.Equal(3, await bench.NumberAsync("SELECT count(*) FROM events"));

        await bench.Warehouse.ExecuteAsync("UPDATE events SET wide = wide + 0.01 WHERE id = 1", [], default);
        Assert.False(Assert.Single(await new StreamVerifier(bench.Services, [stream]).VerifyAsync(null, default)).Proven);
    }

    [Fact]
    public async Task They_read_as_one_text_on_every_warehouse()
    {
        await using var bench = await OpenBenchAsync();
        var rows = await bench.RowsAsync(
            """
            SELECT timestamp '10000-01-01', timestamp '0001-12-31 22:00:00.5 BC', timestamp 'infinity', timestamptz '10000-01-01 00:00:00+00',
              timestamptz '-infinity', date '10000-02-29', date '20000-02-29', date '4000-03-01 BC', date 'infinity', time '24:00:00',
              interval '14 months 25 days', 123456789012345678901234567890123456.78::numeric(38,2), 99999999999999999999999999999999::numeric(38,0)
            """.Replace("-31 22:00:00.5 BC", Dialect(bench, "-31 22:00:00.5 BC", "-31 (BC) 22:00:00.5"), StringComparison.Ordinal)
            .Replace("4000-03-01 BC", Dialect(bench, "4000-03-01 BC", "4000-03-01 (BC)"), StringComparison.Ordinal));
        Assert.Equal(
            [
                "+10000-01-01T00:00:00", "0001-12-31T22:00:00.5 BC", "infinity", "+10000-01-01T00:00:00Z", "-infinity", "+10000-02-29",
                "+20000-02-29", "4000-03-01 BC", "infinity", "1.00:00:00", "P1Y2M25D", "123456789012345678901234567890123456.78",
                "99999999999999999999999999999999",
            ],
            rows[0].Select(value => string.Create(CultureInfo.InvariantCulture, $"{value}")));
    }

    private static string Dialect(StreamBench bench, string postgres, string duckDb) =>
        bench.Warehouse.DefaultSchema == "main" ? duckDb : postgres;

    private static StreamDefinition Stream(SinkDefinition sink) => new()
    {
        Name = "events",
        File = "streams/events.yaml",
        Source = new TopicSourceDefinition(StreamBench.Topic),
        Decode = new DecodeDefinition
        {
            Fields =
            [
                new DecodeField("id", new FieldType(FieldKind.Int64)), new DecodeField("huge", new FieldType(FieldKind.HugeInt)),
                new DecodeField("span", new FieldType(FieldKind.Interval)),
                new DecodeField("far", new FieldType(FieldKind.Timestamp)) { TimestampFormat = TimestampFormat.EpochSeconds },
                new DecodeField("wide", new FieldType(FieldKind.Decimal, 38, 2)), new DecodeField("day", new FieldType(FieldKind.Text)),
            ],
        },
        Transform = new SqlText(Transform, "streams/events.yaml", 7),
        Batch = new BatchDefinition { MaxRecords = 500, MaxWait = TimeSpan.FromMilliseconds(20) },
        Sinks = [sink],
    };

    private static string Json(int id, string huge, string span, long far, string wide, string day) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"id":{{id}},"huge":{{huge}},"span":"{{span}}","far":{{far}},"wide":{{wide}},"day":"{{day}}"}""");
}
