using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming.DeadLetters;

namespace Tidemill.Tests.Warehouses;

public abstract partial class WarehouseContractTests
{
    [Fact]
    public async Task New_keys_are_told_in_row_order_the_first_of_equals_new()
    {
        await CreateTableAsync("seen", "source text, id uuid", "source", "id");
        var schema = Rows.Schema("source text, id uuid");
        var random = new Random(9);
        var known = new HashSet<(string, Guid)>();
        await using var writer = await Warehouse.OpenWriterAsync(Token);
        for (var round = 0; round < 4; round++)
        {
            var fresh = round == 2;
            var rows = Enumerable.Range(0, 5_000).Select(_ => new object?[]
            {
                random.Next(2) == 0 ? "a" : "a longer source name",
                fresh ? Guid.NewGuid() : new Guid(random.Next(3_000), 0, 0, [0, 0, 0, 0, 0, 0, 0, 1]),
            }).ToList();
            await writer.BeginAsync(Token);
            using var batch = Rows.Batch(schema, rows, 999);
            var flags = await writer.InsertNewKeysAsync(new TableName("seen"), batch, Token);
            await writer.CommitAsync(Token);
            Assert.Equal(rows.Select(row => known.Add(((string)row[0]!, (Guid)row[1]!))), flags);
        }

        Assert.Equal(known.Count, await CountAsync("seen"));
    }

    [Fact]
    public async Task New_keys_with_null_are_always_new_and_never_remembered()
    {
        await CreateTableAsync("seen", "id text", "id");
        await using var writer = await Warehouse.OpenWriterAsync(Token);
        for (var round = 0; round < 2; round++)
        {
            await writer.BeginAsync(Token);
            using var batch = Rows.Batch(Rows.Schema("id text"), [[null], ["a"], [null], ["a"], [null]]);
            Assert.Equal([true, round == 0, true, false, true], await writer.InsertNewKeysAsync(new TableName("seen"), batch, Token));
            await writer.CommitAsync(Token);
        }

        Assert.Equal(1, await CountAsync("seen"));
    }

    [Fact]
    public async Task Dead_letters_that_are_there_stay_as_they_are_and_new_ones_come_beside_them()
    {
        var store = new DeadLetterStore(Warehouse);
        await store.WriteAsync([.. Enumerable.Range(0, 500).Select(i => Letter(i, "first"))], Token);
        await store.WriteAsync([.. Enumerable.Range(300, 400).Select(i => Letter(i, "second")), Letter(699, "third")], Token);
        Assert.Equal(
            [["first", 500L], ["second", 200L]],
            await QueryAsync("SELECT message, count(*) FROM tidemill_dead_letters GROUP BY message ORDER BY message"));
    }

    private static DeadLetter Letter(int offset, string message) => new()
    {
        Stream = "orders",
        Position = new RecordPosition(new TopicPartition("orders", 0), new LogOffset(offset)),
        Timestamp = DateTimeOffset.UnixEpoch,
        Key = null,
        Field = null,
        Value = [1, 2, 3],
        Code = ErrorCode.DecodeFailed,
        Message = message,
        CreatedAt = DateTimeOffset.UnixEpoch,
    };

    [Fact]
    public async Task Checkpoint_and_rows_become_visible_together_or_not_at_all()
    {
        await CreateTableAsync("pairs", "id integer, v text", "id");
        var partition = new TopicPartition("orders", 0);
        await using var writer = await Warehouse.OpenWriterAsync(Token);
        await writer.BeginAsync(Token);
        using var rows = Pairs(0, 10);
        await writer.WriteAsync(new TableWrite(new("pairs"), ConflictRule.Append), rows, Token);
        await writer.AdvanceAsync(Owner, [new(partition, new(0), new(10))], Token);
        Assert.Empty(await Warehouse.ReadCheckpointsAsync(Owner, Token));
        await writer.RollbackAsync();
        Assert.Equal(0, await CountAsync("pairs"));

        await writer.BeginAsync(Token);
        await writer.WriteAsync(new TableWrite(new("pairs"), ConflictRule.Append), rows, Token);
        await writer.AdvanceAsync(Owner, [new(partition, new(0), new(10)), new(partition with { Partition = 1 }, new(3), new(4))], Token);
        await writer.CommitAsync(Token);
        Assert.Equal(10, await CountAsync("pairs"));
        var positions = await Warehouse.ReadCheckpointsAsync(Owner, Token);
        Assert.Equal([(0, 10L), (1, 4L)], positions.OrderBy(p => p.Key.Partition).Select(p => (p.Key.Partition, p.Value.Value)));
        Assert.Empty(await Warehouse.ReadCheckpointsAsync(Owner with { Sink = "other" }, Token));
    }

    [Fact]
    public async Task Checkpoint_that_is_not_at_the_expected_start_fences_the_writer()
    {
        var partition = new TopicPartition("orders", 0);
        await using var writer = await Warehouse.OpenWriterAsync(Token);
        await writer.BeginAsync(Token);
        await writer.AdvanceAsync(Owner, [new(partition, new(0), new(10))], Token);
        await writer.CommitAsync(Token);
        foreach (var start in new[] { 0, 9, 11 })
        {
            await writer.BeginAsync(Token);
            Assert.Equal(ErrorCode.CheckpointFenced, await CodeOfAsync(() =>
                writer.AdvanceAsync(Owner, [new(partition, new(start), new(20))], Token)));
            await writer.RollbackAsync();
        }

        Assert.Equal(new LogOffset(10), (await Warehouse.ReadCheckpointsAsync(Owner, Token))[partition]);
    }

    [Fact]
    public async Task Two_racing_writers_never_both_move_a_checkpoint()
    {
        var partition = new TopicPartition("orders", 0);
        await using var one = await Warehouse.OpenWriterAsync(Token);
        await using var two = await Warehouse.OpenWriterAsync(Token);
        long position = 0;
        for (var round = 0; round < 20; round++)
        {
            OffsetRange range = new(partition, new(position), new(position + 5));
            var outcomes = await Task.WhenAll(MoveAsync(one, range), MoveAsync(two, range));
            var moved = outcomes.Count(code => code is null);
            Assert.True(moved <= 1, "Both writers moved the same checkpoint.");
            Assert.All(outcomes, code => Assert.True(code is null or ErrorCode.CheckpointFenced or ErrorCode.TransactionConflict));
            position += 5 * moved;
            var stored = await Warehouse.ReadCheckpointsAsync(Owner, Token);
            Assert.Equal(position, stored.TryGetValue(partition, out var offset) ? offset.Value : 0);
        }

        Assert.True(position > 0);
    }

    private static async Task<ErrorCode?> MoveAsync(IWarehouseWriter writer, OffsetRange range)
    {
        try
        {
            await writer.BeginAsync(Token);
            await writer.AdvanceAsync(Owner, [range], Token);
            await writer.CommitAsync(Token);
            return null;
        }
        catch (TidemillException error)
        {
            await writer.RollbackAsync();
            return error.Code;
        }
    }
}
