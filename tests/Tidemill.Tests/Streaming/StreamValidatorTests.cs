using Tidemill.Core.Warehouses;
using Tidemill.Streaming;
using Tidemill.Streaming.Sinks;

namespace Tidemill.Tests.Streaming;

public sealed class StreamValidatorTests
{
    [Fact]
    public void A_stream_that_can_start_has_no_errors() =>
        Assert.Empty(StreamValidator.Validate(StreamBench.Stream(ConflictRule.Upsert, "SELECT id, amount * 2 AS amount FROM batch")));

    [Fact]
    public void SQL_that_does_not_bind_is_named_by_its_own_line()
    {
        var error = Assert.Single(StreamValidator.Validate(StreamBench.Stream(ConflictRule.Append, "SELECT id,\n  nowhere\nFROM batch")));
        Assert.Equal(("streams/events.yaml", 8), (error.File, error.Line));
        Assert.Contains("nowhere", error.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SELECT id FROM batch, read_csv('/etc/hostname')")]
    [InlineData("SELECT id FROM batch, '/etc/hostname'")]
    [InlineData("SELECT id, getenv('HOME') AS home FROM batch")]
    public void SQL_reaches_nothing_of_the_machine(string sql) =>
        Assert.Single(StreamValidator.Validate(StreamBench.Stream(ConflictRule.Append, sql)));

    [Fact]
    public void Deduplication_wants_a_single_sink()
    {
        var stream = StreamBench.Stream(ConflictRule.Append) with { Deduplicate = ["id"] };
        Assert.Empty(StreamValidator.Validate(stream));
        var two = stream with { Sinks = [.. stream.Sinks, new WarehouseSinkDefinition("copy", new TableName("copy"))] };
        Assert.Equal("deduplicate", Assert.Single(StreamValidator.Validate(two)).Path);
    }

    [Fact]
    public void A_nested_column_is_refused_with_the_cast_that_helps()
    {
        var error = Assert.Single(
            StreamValidator.Validate(StreamBench.Stream(ConflictRule.Append, "SELECT id, [kind] AS kinds FROM batch")));
        Assert.Contains("to_json(kinds)", error.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_merges_and_indexes_must_be_among_the_rows_columns_and_every_merged_column_needs_an_operation()
    {
        var stream = StreamBench.Stream(ConflictRule.Merge, "SELECT kind, count(*) AS n, max(id) AS last FROM batch GROUP BY kind") with
        {
            Sinks =
            [
                new WarehouseSinkDefinition("totals", new TableName("totals"))
                {
                    Rule = ConflictRule.Merge,
                    Key = ["sort"],
                    Merge = new Dictionary<string, MergeOperation> { ["n"] = MergeOperation.Sum },
                    Indexes = [new IndexSpec(["n", "gone"])],
                },
            ],
        };
        Assert.Equal(
            ["sinks.totals.key", "sinks.totals.indexes", "sinks.totals.merge", "sinks.totals.merge"],
            StreamValidator.Validate(stream).Select(e => e.Path));
    }
}
