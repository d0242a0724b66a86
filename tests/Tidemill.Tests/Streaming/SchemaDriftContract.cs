using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Schemas;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Drift;
using Tidemill.Streaming.Sinks;
using Tidemill.Streaming.Status;
using Tidemill.Streaming.Verification;
using static Tidemill.Tests.Streaming.StreamBench;

namespace Tidemill.Tests.Streaming;

/// <summary>Each kind of drift under each policy; run on DuckDB here and on PostgreSQL by the integration tests.</summary>
public abstract class SchemaDriftContract
{
    private protected abstract Task<StreamBench> OpenBenchAsync();

    private static StreamDefinition Events(DriftPolicy policy, string? transform = null, ConflictRule rule = ConflictRule.Append) =>
        Stream(rule, transform) with
        {
            OnDrift = policy,
            Decode = new DecodeDefinition
            {
                Fields =
                [
                    new DecodeField("id", new FieldType(FieldKind.Int64)) { Required = true },
                    new DecodeField("amount", new FieldType(FieldKind.Int32)),
                    new DecodeField("kind", new FieldType(FieldKind.Text)),
                    new DecodeField("city", new FieldType(FieldKind.Text)) { Path = ["user", "city"] },
                ],
            },
        };

    private static string Plain(long id) => $$$"""{"id":{{{id}}},"amount":{{{id}}},"kind":"a","user":{"city":"x"}}""";

    private static Task<IReadOnlyList<SchemaChange>> LogAsync(StreamBench bench) =>
        new SchemaChangeStore(bench.Warehouse).ListAsync("events", 100, default);

    private static Task<IReadOnlyList<DeadLetter>> LettersAsync(StreamBench bench) =>
        new DeadLetterStore(bench.Warehouse).ListAsync("events", null, 100, 0, default);

    private static async Task ProveAsync(StreamBench bench, StreamDefinition stream) =>
        Assert.All(
            await new StreamVerifier(bench.Services, [stream]).VerifyAsync(null, default),
            r => Assert.True(r.Proven, string.Join("; ", r.Findings)));

    [Fact]
    public async Task Evolve_adds_columns_for_new_fields_and_keeps_their_first_values()
    {
        await using var bench = await OpenBenchAsync();
        var stream = Events(DriftPolicy.Evolve);
        await bench.ProduceAsync([.. Enumerable.Range(0, 100).Select(i => Plain(i))]);
        await bench.CatchUpAsync(stream);
        await bench.ProduceAsync([
            .. Enumerable.Range(100, 50).Select(i => Plain(i)),
            """{"id":200,"amount":1,"coupon":"SAVE","score":7,"user":{"city":"y","Name":"Ann"},"tags":["a"],"nothing":null}""",
            """{"id":201,"coupon":"MORE","score":2.5,"vip":true}""",
            """{"id":202,"tags":["b"]}""",
        ]);
        await bench.CatchUpAsync(stream);
        Assert.Equal(153, await bench.NumberAsync("SELECT count(*) FROM events"));
        Assert.Equal([["SAVE", 7.0, "Ann"]], await bench.RowsAsync("SELECT coupon, score, \"user_Name\" FROM events WHERE id = 200"));
        Assert.Equal([["MORE", 2.5, true]], await bench.RowsAsync("SELECT coupon, score, vip FROM events WHERE id = 201"));
        Assert.Equal(2, await bench.NumberAsync("SELECT count(*) FROM events WHERE tags IS NOT NULL"));
        Assert.Empty(await LettersAsync(bench));
        var log = await LogAsync(bench);
        var coupon = Assert.Single(log, c => c.Field == "coupon");
        Assert.Equal((SchemaChangeKind.Added, SchemaDecision.Evolved, "VARCHAR"), (coupon.Kind, coupon.Decision, coupon.NewType));
        Assert.Equal(75, coupon.Position!.Value.Offset.Value);
        Assert.DoesNotContain(log, c => c.Field == "nothing");

        // A new process remembers.
        await bench.ProduceAsync("""{"id":203,"coupon":"LAST"}""");
        await bench.CatchUpAsync(stream);
        Assert.Equal(1, await bench.NumberAsync("SELECT count(*) FROM events WHERE coupon = 'LAST'"));
        Assert.Equal(log.Count, (await LogAsync(bench)).Count);
        await ProveAsync(bench, stream);
    }

    [Theory]
    [InlineData("""{"id":1,"name":"a"}""", """{"id":2,"Name":"b","NAME":"c"}""", 3)]
    [InlineData("""{"id":1,"name":"a","Name":"b"}""", """{"id":2}""", 2)]
    [InlineData("""{"id":1,"q\"uote":"a"}""", """{"id":2,"quote":"b"}""", 2)]
    [InlineData("""{"id":1,"n\u0000ul":"a"}""", """{"id":2,"nul":"b"}""", 2)]
    [InlineData("""{"id":1,"user":{"zip":"a"}}""", """{"id":2,"user_zip":"b"}""", 2)]
    [InlineData("""{"id":1,"a😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀":"a"}""", """{"id":2,"_topic":"b"}""", 2)]
    public async Task Evolve_gives_fields_whose_names_clash_in_one_batch_columns_of_their_own(string first, string second, int fields)
    {
        await using var bench = await OpenBenchAsync();
        var stream = Events(DriftPolicy.Evolve);
        await bench.ProduceAsync(first, second);
        await bench.CatchUpAsync(stream).WaitAsync(TimeSpan.FromSeconds(60));

        var columns = (await LogAsync(bench)).Where(c => c.Kind == SchemaChangeKind.Added).Select(c => c.Column!).ToList();
        Assert.Equal(fields, columns.Distinct(StringComparer.OrdinalIgnoreCase).Count());
        Assert.DoesNotContain(columns, c => c.EnumerateRunes().Contains(System.Text.Rune.ReplacementChar));
        var values = string.Join(" + ", columns.Select(c => $"count({SqlName.Quote(c)})"));
        Assert.Equal(fields, await bench.NumberAsync($"SELECT {values} FROM events"));
        Assert.Empty(await LettersAsync(bench));
        await ProveAsync(bench, stream);
    }

    [Fact]
    public async Task Evolve_widens_columns_before_the_record_that_needs_it_is_written()
    {
        await using var bench = await OpenBenchAsync();
        var stream = Events(DriftPolicy.Evolve);
        await bench.ProduceAsync(Plain(1), Plain(2));
        await bench.CatchUpAsync(stream);
        await bench.ProduceAsync("""{"id":3,"amount":3000000000}""");
        await bench.CatchUpAsync(stream);
        Assert.Equal([[1L], [2L], [3000000000L]], await bench.RowsAsync("SELECT amount FROM events ORDER BY 1"));
        await bench.ProduceAsync("""{"id":4,"amount":0.5,"kind":17}""");
        await bench.CatchUpAsync(stream);
        Assert.Equal([[0.5, "17"]], await bench.RowsAsync("SELECT amount, kind FROM events WHERE id = 4"));
        await ProveAsync(bench, stream);
        await bench.ProduceAsync("""{"id":5,"amount":"many","kind":{"of":1}}""");
        await bench.CatchUpAsync(stream);
        Assert.Equal([["many", """{"of":1}"""]], await bench.RowsAsync("SELECT amount, kind FROM events WHERE id = 5"));
        Assert.Equal(5, await bench.NumberAsync("SELECT count(*) FROM events"));
        Assert.Empty(await LettersAsync(bench));
        Assert.Equal(
            ["BIGINT", "DOUBLE", "VARCHAR"],
            (await LogAsync(bench)).Where(c => c.Field == "amount").OrderBy(c => c.At).Select(c => c.NewType));
    }

    [Fact]
    public async Task Evolve_goes_through_a_transform_that_selects_all_and_says_where_one_leaves_a_field_out()
    {
        await using var bench = await OpenBenchAsync();
        var all = Events(DriftPolicy.Evolve, "SELECT * EXCLUDE (kind), upper(kind) AS kind FROM batch", ConflictRule.Upsert);
        await bench.ProduceAsync(Plain(1), """{"id":2,"extra":"e"}""");
        await bench.CatchUpAsync(all);
        Assert.Equal([["e"]], await bench.RowsAsync("SELECT extra FROM events WHERE id = 2"));

        var several = Events(DriftPolicy.Evolve, "SELECT id, amount FROM batch") with
        {
            Name = "several",
            Sinks = [new WarehouseSinkDefinition("several", new TableName("several"))],
        };
        await bench.CatchUpAsync(several);
        Assert.Equal(2, await bench.NumberAsync("SELECT count(*) FROM several"));
        var left = Assert.Single(await new SchemaChangeStore(bench.Warehouse).ListAsync("several", 10, default));
        Assert.Equal(SchemaDecision.LeftOut, left.Decision);
        Assert.Contains("transform", left.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evolve_that_the_transform_cannot_follow_sets_the_record_aside()
    {
        await using var bench = await OpenBenchAsync();
        var stream = Events(DriftPolicy.Evolve, "SELECT id, amount % 7 AS rest FROM batch");
        await bench.ProduceAsync(Plain(1), """{"id":2,"amount":"many"}""", Plain(3));
        await bench.CatchUpAsync(stream);
        Assert.Equal(2, await bench.NumberAsync("SELECT count(*) FROM events"));
        Assert.Equal(ErrorCode.SchemaDrift, Assert.Single(await LettersAsync(bench)).Code);
        Assert.Equal(SchemaDecision.Quarantined, Assert.Single(await LogAsync(bench)).Decision);
    }

    [Fact]
    public async Task Evolve_widens_a_column_of_a_table_with_a_key_and_an_index()
    {
        await using var bench = await OpenBenchAsync();
        var stream = Events(DriftPolicy.Evolve, rule: ConflictRule.Upsert);
        stream = stream with
        {
            Sinks = [(WarehouseSinkDefinition)stream.Sinks[0] with { Indexes = [new IndexSpec(["kind"])] }],
        };
        await bench.ProduceAsync(Plain(1));
        await bench.CatchUpAsync(stream);
        await bench.ProduceAsync("""{"id":1,"amount":3000000000,"kind":"b","later":1}""");
        await bench.CatchUpAsync(stream);
        Assert.Equal([[3000000000L, 1L]], await bench.RowsAsync("SELECT amount, later FROM events"));
        Assert.Empty(await LettersAsync(bench));
    }

    [Fact]
    public async Task Quarantine_sets_drifting_records_aside_and_goes_on()
    {
        await using var bench = await OpenBenchAsync();
        var stream = Events(DriftPolicy.Quarantine);
        await bench.ProduceAsync(
            Plain(1), """{"id":2,"coupon":"SAVE"}""",
            """{"id":3,"amount":3000000000}""", """{"id":4,"user":{"name":null}}""", """{"id":5,"Kind":"b"}""", "{", Plain(6));
        await bench.CatchUpAsync(stream);
        Assert.Equal([[1L], [6L]], await bench.RowsAsync("SELECT id FROM events ORDER BY 1"));
        var letters = await LettersAsync(bench);
        Assert.Equal(4, letters.Count(l => l.Code == ErrorCode.SchemaDrift));
        Assert.Equal(
            ["Kind", "amount", "coupon", "user.name"],
            letters.Where(l => l.Code == ErrorCode.SchemaDrift).Select(l => l.Field).Order(StringComparer.Ordinal));
        var log = await LogAsync(bench);
        Assert.All(log, c => Assert.Equal(SchemaDecision.Quarantined, c.Decision));
        Assert.Contains(log, c => c is { Kind.Known: SchemaChangeKind.Widened, Field: "amount", NewType: "BIGINT" });
        Assert.Contains("path: Kind", Assert.Single(log, c => c.Kind == SchemaChangeKind.Renamed).Detail, StringComparison.Ordinal);
        await ProveAsync(bench, stream);

        // Declared, the letters are rows.
        var mended = stream with
        {
            Decode = stream.Decode! with
            {
                Ignore =
                ["user.name", "Kind"],
                Fields = [.. stream.Decode.Fields, new DecodeField("coupon", new FieldType(FieldKind.Text))]
            },
        };
        Assert.Equal(
            3, (await new DeadLetterReplay(bench.Services, [mended]).ReplayAsync("events", null, null, default)).Count(r => r.Replayed));
    }

    [Theory]
    [InlineData("""{"id":2,"coupon":"SAVE"}""", "coupon")]
    [InlineData("""{"id":2,"amount":3000000000}""", "amount")]
    [InlineData("""{"id":2,"Kind":"b"}""", "path: Kind")]
    public async Task Halt_stops_in_front_of_the_record_and_resumes_after_the_fix(string drifting, string named)
    {
        await using var bench = await OpenBenchAsync();
        var stream = Events(DriftPolicy.Halt);
        await bench.ProduceAsync(Plain(1), Plain(11), drifting, Plain(13), Plain(4));
        for (var round = 0; round < 2; round++)
        {
            var status = await bench.RunUntilAsync(stream, s => Task.FromResult(s.State == StreamState.Failed));
            Assert.Contains("events/0/1", status.LastError, StringComparison.Ordinal);
            Assert.Contains(named, status.LastError, StringComparison.Ordinal);
            Assert.Equal(0, await bench.NumberAsync("SELECT count(*) FROM events WHERE id IN (2, 4)"));
            Assert.Equal(1, await bench.NumberAsync("SELECT count(*) FROM events WHERE id = 1"));
        }

        Assert.Empty(await LettersAsync(bench));
        Assert.All(await LogAsync(bench), c => Assert.Equal(SchemaDecision.Halted, c.Decision));
        var mended = stream with { OnDrift = DriftPolicy.Evolve };
        await bench.CatchUpAsync(mended);
        Assert.Equal(5, await bench.NumberAsync("SELECT count(*) FROM events"));
        await ProveAsync(bench, mended);
    }

    [Theory]
    [InlineData(DriftPolicy.Evolve)]
    [InlineData(DriftPolicy.Quarantine)]
    [InlineData(DriftPolicy.Halt)]
    [InlineData(DriftPolicy.Ignore)]
    public async Task A_field_that_no_longer_comes_is_noticed(DriftPolicy policy)
    {
        await using var bench = await OpenBenchAsync();
        var stream = Events(policy) with { Batch = new BatchDefinition { MaxRecords = 2000, MaxWait = TimeSpan.FromMilliseconds(20) } };
        await bench.ProduceAsync([.. Enumerable.Range(0, 100)
            .Select(i => Plain(i)), .. Enumerable.Range(100, 30_000)
            .Select(i => $$$"""{"id":{{{i}}},"amount":1,"user":{"city":"x"}}""")]);
        var status = policy == DriftPolicy.Halt
            ? await bench.RunUntilAsync(stream, s => Task.FromResult(s.State == StreamState.Failed))
            : await bench.CatchUpAsync(stream);
        var entry = Assert.Single(await LogAsync(bench));
        Assert.Equal((SchemaChangeKind.Dropped, "kind"), (entry.Kind, entry.Field));
        var rows = await bench.NumberAsync("SELECT count(*) FROM events");
        var letters = await bench.NumberAsync("SELECT count(*) FROM tidemill_dead_letters WHERE error_code = 'SchemaDrift'");
        switch (policy)
        {
            case DriftPolicy.Quarantine:
                Assert.Equal(SchemaDecision.Quarantined, entry.Decision);
                Assert.Equal(30_100, rows + letters);
                Assert.InRange(letters, 1, 20_100);
                break;
            case DriftPolicy.Halt:
                Assert.Contains("kind", status.LastError, StringComparison.Ordinal);
                Assert.InRange(rows, 100, 20_100);
                await bench.CatchUpAsync(
                    stream with { Decode = stream.Decode! with { Fields = [.. stream.Decode.Fields.Where(f => f.Name != "kind")] } });
                Assert.Equal(30_100, await bench.NumberAsync("SELECT count(*) FROM events"));
                break;
            default:
                Assert.Equal(SchemaDecision.Kept, entry.Decision);
                Assert.Equal(30_100, rows);
                break;
        }
    }

    [Fact]
    public async Task Ignore_leaves_new_fields_out_and_says_so()
    {
        await using var bench = await OpenBenchAsync();
        var stream = Events(DriftPolicy.Ignore);
        await bench.ProduceAsync("""{"id":1,"coupon":"SAVE"}""", """{"coupon":"MORE","id":2,"amount":"x"}""");
        await bench.CatchUpAsync(stream);
        Assert.Equal(1, await bench.NumberAsync("SELECT count(*) FROM events"));
        Assert.Equal(ErrorCode.DecodeFailed, Assert.Single(await LettersAsync(bench)).Code);
        Assert.Equal(SchemaDecision.LeftOut, Assert.Single(await LogAsync(bench)).Decision);
    }

    [Fact]
    public async Task Records_with_ever_new_fields_and_types_end_as_rows_whatever_their_order()
    {
        await using var bench = await OpenBenchAsync();
        var stream = Events(DriftPolicy.Evolve);
        string[] values = ["1", "2.5", "\"s\"", "true", "{\"a\":1}", "99999999999999999999", "null"];
        var random = new Random(20260);
        var records = Enumerable.Range(0, 300)
            .Select(
                i =>
                    $$$"""{"id":{{{i}}},"f{{{random.Next(6)}}}":{{{values[random.Next(values.Length)]}}},"user":{"g{{{random.Next(4)}}}":{{{values[random.Next(2)]}}} }}""")
            .ToList();
        foreach (var part in records.Chunk(60))
        {
            await bench.ProduceAsync(part);
            await bench.CatchUpAsync(stream);
        }

        Assert.Equal(300, await bench.NumberAsync("SELECT count(*) FROM events"));
        Assert.Empty(await LettersAsync(bench));
        foreach (var field in Enumerable.Range(0, 6))
        {
            var given = records.Count(
                r => r.Contains($"\"f{field}\":", StringComparison.Ordinal) && !r.Contains($"\"f{field}\":null", StringComparison.Ordinal));
            Assert.Equal(given, await bench.NumberAsync($"SELECT count(f{field}) FROM events"));
        }
    }
}
