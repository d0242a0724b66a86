using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Tidemill.Connectors.Generator;
using Tidemill.Core.Logs;

namespace Tidemill.Tests.Connectors.Generator;

public sealed class RecordGeneratorTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 30, 15, 250, TimeSpan.Zero);

    private static readonly GeneratorSourceDefinition Definition = new()
    {
        Key = "transaction_id",
        Fields =
        [
            new GeneratorField("transaction_id", GeneratorKind.Uuid),
            new GeneratorField("user_id", GeneratorKind.UuidPool) { Count = 100 },
            new GeneratorField("amount", GeneratorKind.Amount) { Min = 1, Max = 500 },
            new GeneratorField("currency", GeneratorKind.Choice) { Values = ["USD", "EUR", "GBP"], Weights = [6, 3, 1] },
            new GeneratorField("items", GeneratorKind.Integer) { Min = -3, Max = 3 },
            new GeneratorField("number", GeneratorKind.Sequence),
            new GeneratorField("event_time", GeneratorKind.Now),
        ],
    };

    [Fact]
    public void Records_are_the_same_for_the_same_seed_and_clock_in_any_order()
    {
        var definition = Definition with { LateShare = 0.1, DuplicateShare = 0.1, MalformedShare = 0.1 };
        var first = Make(definition, 2000);

        using var again = new RecordGenerator(definition, new FixedClock());
        for (var n = 1999; n >= 0; n--)
            Assert.Equal(Text(first[n]), Text(again.Next(n)));
    }

    [Fact]
    public void Another_seed_gives_other_records()
    {
        var one = Make(Definition, 100).Select(Text).ToHashSet();
        Assert.DoesNotContain(Make(Definition with { Seed = 43 }, 100).Select(Text), one.Contains);
    }

    [Fact]
    public void Fields_hold_what_they_were_declared_to_hold()
    {
        var rows = Make(Definition, 10_000).Select(Parse).ToList();

        Assert.Equal(10_000, rows.Select(r => r.GetProperty("transaction_id").GetGuid()).Distinct().Count());
        Assert.Equal(100, rows.Select(r => r.GetProperty("user_id").GetGuid()).Distinct().Count());
        var amounts = rows.Select(r => r.GetProperty("amount").GetDecimal()).ToList();
        Assert.All(amounts, a => Assert.InRange(a, 1, 500));
        Assert.All(amounts, a => Assert.Equal(decimal.Round(a, 2), a));
        Assert.InRange(amounts.Count(a => a < 125) / 10_000d, 0.45, 0.55);
        Assert.InRange(Share(rows, "currency", "USD"), 0.57, 0.63);
        Assert.InRange(Share(rows, "currency", "GBP"), 0.08, 0.12);
        Assert.Equal([-3, -2, -1, 0, 1, 2, 3], rows.Select(r => r.GetProperty("items").GetInt32()).Distinct().Order());
        Assert.Equal(Enumerable.Range(0, 10_000).Select(n => (long)n), rows.Select(r => r.GetProperty("number").GetInt64()));
        Assert.All(rows, r => Assert.Equal("2026-03-01T12:30:15.250Z", r.GetProperty("event_time").GetString()));
    }

    [Theory]
    [InlineData("transaction_id")]
    [InlineData("currency")]
    [InlineData("items")]
    [InlineData("amount")]
    [InlineData("event_time")]
    public void Key_is_the_text_of_the_key_field(string key)
    {
        foreach (var record in Make(Definition with { Key = key }, 100))
            Assert.Equal(Parse(record).GetProperty(key).ToString(), Encoding.UTF8.GetString(record.Key!.Value.Span));
    }

    [Fact]
    public void Key_longer_than_the_buffer_is_kept_whole()
    {
        var value = new string('x', 1000);
        var definition =
            new GeneratorSourceDefinition { Key = "k", Fields = [new GeneratorField("k", GeneratorKind.Choice) { Values = [value] }] };

        Assert.Equal(value, Encoding.UTF8.GetString(Make(definition, 1).Single().Key!.Value.Span));
        Assert.Null(Make(definition with { Key = null }, 1).Single().Key);
    }

    [Fact]
    public void Late_records_lie_more_than_two_minutes_back_and_at_most_late_by()
    {
        var definition = Definition with { LateShare = 0.05, LateBy = TimeSpan.FromMinutes(10) };

        var delays = Make(definition, 20_000).Select(r => Now - Parse(r).GetProperty("event_time").GetDateTimeOffset()).ToList();

        var late = delays.Where(d => d > TimeSpan.Zero).ToList();
        Assert.InRange(late.Count / 20_000d, 0.044, 0.056);
        Assert.All(late, d => Assert.InRange(d, TimeSpan.FromSeconds(120.9), TimeSpan.FromMinutes(10)));
        Assert.True(late.Max() > TimeSpan.FromMinutes(9), "delays must spread up to late.by");
    }

    [Fact]
    public void Duplicates_repeat_all_but_the_time_of_an_earlier_record()
    {
        var rows = Make(Definition with { DuplicateShare = 0.05 }, 20_000).Select(Parse).ToList();

        var ids = new Dictionary<Guid, string>();
        var duplicates = 0;
        foreach (var row in rows)
        {
            if (!ids.TryAdd(row.GetProperty("transaction_id").GetGuid(), row.ToString()))
            {
                duplicates++;
                Assert.Equal(ids[row.GetProperty("transaction_id").GetGuid()], row.ToString());
            }
        }

        Assert.InRange(duplicates / 20_000d, 0.044, 0.056);
    }

    [Fact]
    public void Even_when_every_record_should_repeat_one_it_is_made_in_bounded_time()
    {
        using var generator = new RecordGenerator(Definition with { DuplicateShare = 1, MalformedShare = 1 }, new FixedClock());
        for (var n = 0L; n < 5000; n++)
            Assert.NotNull(generator.Next(n).Value);
    }

    [Fact]
    public void Malformed_records_are_of_all_four_kinds_and_none_passes_for_a_good_one()
    {
        var definition = Definition with { MalformedShare = 0.02 };
        using var generator = new RecordGenerator(definition, new FixedClock());
        var kinds = new Dictionary<Malformation, int>();
        for (var n = 0L; n < 20_000; n++)
        {
            var kind = generator.Plan(n).Malformation;
            kinds[kind] = kinds.GetValueOrDefault(kind) + 1;
            Assert.Equal(kind, Diagnose(generator.Next(n)));
        }

        Assert.Equal(5, kinds.Count);
        Assert.InRange((20_000 - kinds[Malformation.None]) / 20_000d, 0.016, 0.024);
        Assert.All(kinds.Values, count => Assert.True(count > 60, "the four kinds come alike"));
    }

    [Fact]
    public void Records_stay_as_they_were_while_more_are_made()
    {
        using var generator = new RecordGenerator(Definition, new FixedClock());
        var first = generator.Next(0);
        var text = Text(first);
        for (var n = 1L; n < 5000; n++)
            generator.Next(n);

        Assert.Equal(text, Text(first));
    }

    [Theory]
    [InlineData(-0.05, 0.05, 2)]
    [InlineData(-1_000_000_000, 1_000_000_000, 9)]
    [InlineData(0.001, 0.999, 1)]
    [InlineData(7, 7, 0)]
    public void Amounts_stay_between_their_bounds_with_their_digits(double min, double max, int scale)
    {
        var field = new GeneratorField("a", GeneratorKind.Amount) { Min = (decimal)min, Max = (decimal)max, Scale = scale };
        foreach (var record in Make(new GeneratorSourceDefinition { Fields = [field] }, 2000))
        {
            var amount = Parse(record).GetProperty("a").GetDecimal();
            Assert.InRange(amount, field.Min, field.Max);
            Assert.Equal(decimal.Round(amount, scale), amount);
        }
    }

    [Fact]
    public void Allocates_no_more_than_the_records_it_hands_out()
    {
        using var generator = new RecordGenerator(
            Definition with { LateShare = 0.05, DuplicateShare = 0.01, MalformedShare = 0.005 }, TimeProvider.System);
        for (var n = 0L; n < 50_000; n++)
            generator.Next(n);

        const int Records = 200_000;
        var best = 0d;
        for (var round = 0; round < 3; round++)
        {
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            var watch = Stopwatch.StartNew();
            var bytes = 0L;
            for (var n = 0L; n < Records; n++)
            {
                var record = generator.Next(n);
                bytes += record.Value!.Value.Length + record.Key!.Value.Length;
            }

            best = Math.Max(best, Records / watch.Elapsed.TotalSeconds);
            var perRecord = (GC.GetAllocatedBytesForCurrentThread() - allocated) / (double)Records;
            TestContext.Current.TestOutputHelper!.WriteLine($"{Records / watch.Elapsed.TotalSeconds:N0} records/s, {bytes / Records} "
                + $"bytes a record, {perRecord:N1} bytes allocated a record");
            Assert.True(perRecord < bytes / Records + 10, $"{perRecord:N1} bytes allocated a record");
        }

        // Far below what it makes, since tests run on busy machines: this only catches a rate gone wrong altogether.
        Assert.True(best > 20_000, $"{best:N0} records/s");
    }

    private static List<ProducerRecord> Make(GeneratorSourceDefinition definition, int count)
    {
        using var generator = new RecordGenerator(definition, new FixedClock());
        return Enumerable.Range(0, count).Select(n => generator.Next(n)).ToList();
    }

    private static Malformation Diagnose(ProducerRecord record)
    {
        var text = Text(record);
        if (!text.StartsWith('{'))
            return Malformation.NotJson;

        JsonElement row;
        try
        {
            row = Parse(record);
        }
        catch (JsonException)
        {
            return Malformation.Cut;
        }

        if (!row.TryGetProperty("transaction_id", out _))
            return Malformation.MissingField;

        return row.GetProperty("amount").ValueKind == JsonValueKind.Number ? Malformation.None : Malformation.WrongType;
    }

    private static double Share(List<JsonElement> rows, string field, string value) =>
        rows.Count(r => r.GetProperty(field).GetString() == value) / (double)rows.Count;

    private static string Text(ProducerRecord record) => Encoding.UTF8.GetString(record.Value!.Value.Span);

    private static JsonElement Parse(ProducerRecord record)
    {
        using var document = JsonDocument.Parse(record.Value!.Value);
        return document.RootElement.Clone();
    }

    private sealed class FixedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => Now;
    }
}
