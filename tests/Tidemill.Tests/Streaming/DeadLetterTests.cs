using System.Text;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Sinks;
using Tidemill.Streaming.Verification;
using static Tidemill.Tests.Streaming.StreamBench;

namespace Tidemill.Tests.Streaming;

public sealed class DeadLetterTests
{
    private const string Letters = "broken";
    private static readonly RecordPosition Second = new(new TopicPartition(Topic, 1), new LogOffset(0));

    private static StreamDefinition ToTopic(ConflictRule rule = ConflictRule.Append) => Stream(rule) with { DeadLetterTopic = Letters };

    private static async Task<(StreamBench Bench, StreamDefinition Stream, StreamDeadLetters Letters)> BrokenAsync(StreamDefinition stream)
    {
        var bench = await OpenAsync();
        await bench.Log.CreateTopicAsync(new TopicSpec(Letters) { Partitions = 2 }, default);
        await bench.ProduceAsync(Json(1), "{\"id\": 2, \"amo", Json(3), "[1]");
        await bench.CatchUpAsync(stream);
        return (bench, stream, new StreamDeadLetters(bench.Warehouse, bench.Log, [stream]));
    }

    [Fact]
    public async Task Letters_in_a_topic_are_the_records_unchanged_with_their_story_in_headers()
    {
        var (bench, _, letters) = await BrokenAsync(ToTopic());
        await using var owned = bench;
        using var closed = letters;
        Assert.Equal(0, await bench.NumberAsync("SELECT count(*) FROM tidemill_dead_letters"));
        Assert.Equal(2, (await letters.CountAsync(default)).Sum(c => c.Count));
        var listed = await letters.ListAsync("events", DeadLetterStatus.Open, 10, 0, default);
        Assert.Equal(2, listed.Count);
        var cut = Assert.Single(listed, l => l.Position == Second);
        Assert.Equal("{\"id\": 2, \"amo", Encoding.UTF8.GetString(cut.Value!));
        Assert.Equal(ErrorCode.DecodeFailed, cut.Code);
        Assert.Contains("ends inside", cut.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_letter_written_twice_to_a_topic_is_one_letter()
    {
        var (bench, stream, letters) = await BrokenAsync(ToTopic());
        await using var owned = bench;
        using var closed = letters;

        // As after a crash between the letter's write and the checkpoint's.
        await bench.Warehouse.ExecuteInTransactionAsync(["DELETE FROM tidemill_checkpoints", "DELETE FROM events"], default);
        await bench.CatchUpAsync(stream);
        var topic = await bench.Log.DescribeTopicAsync(Letters, default);
        Assert.Equal(4, topic!.Records);
        Assert.Equal(2, (await letters.ListAsync("events", null, 10, 0, default)).Count);
        Assert.True(Assert.Single(await new StreamVerifier(bench.Services, [stream]).VerifyAsync(null, default)).Proven);
    }

    [Fact]
    public async Task Letters_of_a_topic_are_edited_replayed_and_discarded_once()
    {
        var (bench, stream, letters) = await BrokenAsync(ToTopic());
        await using var owned = bench;
        using var closed = letters;
        var replay = new DeadLetterReplay(bench.Services, [stream], letters);
        var refused = await replay.PreviewAsync("events", Second, "{}"u8.ToArray(), default);
        Assert.False(refused.Accepted);
        var preview = await replay.PreviewAsync("events", Second, Encoding.UTF8.GetBytes(Json(2, "7.50")), default);
        Assert.Equal(["2", "7.50", "a"], Assert.Single(preview.Rows));
        Assert.Equal(2, await bench.NumberAsync("SELECT count(*) FROM events"));

        await letters.EditAsync("events", Second, Encoding.UTF8.GetBytes(Json(2, "7.50")), default);
        Assert.Equal(2, (await letters.CountAsync(default)).Sum(c => c.Count));
        for (var round = 0; round < 2; round++)
        {
            var results = await replay.ReplayAsync("events", null, null, default);
            Assert.Equal(round == 0 ? 1 : 0, results.Count(r => r.Replayed));
        }

        Assert.Equal([[2L, 7.50m]], await bench.RowsAsync("SELECT id, amount FROM events WHERE id = 2"));
        var open = Assert.Single(await letters.ListAsync("events", DeadLetterStatus.Open, 10, 0, default));
        Assert.Equal(1, await letters.DiscardAsync("events", open.Position, default));
        Assert.Empty(await letters.CountAsync(default));
        Assert.Equal(2, (await letters.ListAsync("events", null, 10, 0, default)).Count);
        var settled = await letters.FindAsync("events", Second, default);
        Assert.Equal(DeadLetterStatus.Replayed, settled!.Status);
        Assert.Equal("{\"id\": 2, \"amo", Encoding.UTF8.GetString(settled.Value!));
        Assert.True(Assert.Single(await new StreamVerifier(bench.Services, [stream]).VerifyAsync(null, default)).Proven);
    }

    [Fact]
    public async Task A_letter_goes_into_every_table_of_its_stream_or_into_none()
    {
        var second = new WarehouseSinkDefinition("second", new TableName("second"));
        var stream = Stream(ConflictRule.Append);
        var (bench, both, letters) = await BrokenAsync(stream with { Sinks = [.. stream.Sinks, second] });
        await using var owned = bench;
        using var closed = letters;
        var mended = Encoding.UTF8.GetBytes(Json(2));
        var results = new List<bool>();
        var faults = new Queue<Fault>([Fault.Commit]);
        bench.Wrap = warehouse => new FaultyWarehouse(warehouse, () => faults.TryDequeue(out var fault) ? fault : Fault.None);
        var replay = new DeadLetterReplay(bench.Services, [both], letters);
        await Assert.ThrowsAsync<TidemillException>(() => replay.ReplayAsync("events", [Second], mended, default));
        Assert.Equal(0, await bench.NumberAsync("SELECT count(*) FROM events WHERE id = 2")
            + await bench.NumberAsync("SELECT count(*) FROM second WHERE id = 2"));
        results.AddRange((await replay.ReplayAsync("events", [Second], mended, default)).Select(r => r.Replayed));
        results.AddRange((await replay.ReplayAsync("events", [Second], mended, default)).Select(r => r.Replayed));
        Assert.Equal([true], results);
        Assert.Equal(1, await bench.NumberAsync("SELECT count(*) FROM events WHERE id = 2"));
        Assert.Equal(1, await bench.NumberAsync("SELECT count(*) FROM second WHERE id = 2"));
    }
}
