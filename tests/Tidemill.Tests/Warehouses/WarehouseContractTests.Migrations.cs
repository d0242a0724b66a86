using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Workflows.Runs;

namespace Tidemill.Tests.Warehouses;

public abstract partial class WarehouseContractTests
{
    private static readonly MigrationSet Numbered = new("numbered",
    [
        new Migration("make", "CREATE TABLE numbered (id INTEGER, name TEXT, PRIMARY KEY (id))", "INSERT INTO numbered VALUES (1, 'one')"),
        new Migration("rename", "UPDATE numbered SET name = name || '!'"),
    ]);

    [Fact]
    public async Task Migrations_are_carried_out_once_in_their_order()
    {
        await Warehouse.MigrateAsync(Numbered with { Migrations = [Numbered.Migrations[0]] }, Token);
        await Warehouse.MigrateAsync(Numbered, Token);
        await Warehouse.MigrateAsync(Numbered, Token);
        Assert.Equal("one!", Assert.Single(await QueryAsync("SELECT name FROM numbered"))[0]);
        Assert.Equal(
            [(1, "make"), (2, "rename")],
            (await QueryAsync("SELECT number, name FROM tidemill_migrations WHERE owner = 'numbered' ORDER BY number"))
                .Select(row => ((int)row[0]!, (string)row[1]!)));
    }

    [Fact]
    public async Task A_migration_that_fails_half_way_leaves_nothing_and_is_tried_again()
    {
        var broken =
            Numbered with { Migrations = [.. Numbered.Migrations, new Migration("broken", "UPDATE numbered SET name = 'x'", "nonsense")] };
        Assert.Equal(ErrorCode.SqlInvalid, await CodeOfAsync(() => Warehouse.MigrateAsync(broken, Token)));
        Assert.Null(await Warehouse.DescribeAsync(new("numbered"), Token));
        await Warehouse.MigrateAsync(Numbered, Token);
        Assert.Equal("one!", Assert.Single(await QueryAsync("SELECT name FROM numbered"))[0]);
    }

    [Fact]
    public async Task Tables_of_a_newer_program_are_refused()
    {
        await Warehouse.MigrateAsync(Numbered, Token);
        var error = await Assert.ThrowsAsync<TidemillException>(
            () => Warehouse.MigrateAsync(Numbered with { Migrations = [Numbered.Migrations[0]] }, Token));
        Assert.Equal(ErrorCode.VersionTooOld, error.Code);
        Assert.Contains("numbered are at change 2", error.Message, StringComparison.Ordinal);
    }

    /// <summary>The tables as version 0.1 made them, with a row each.</summary>
    [Fact]
    public async Task Tables_of_before_migrations_are_taken_over_with_their_rows()
    {
        var blob = Warehouse.Dialect.Name == "postgres" ? "BYTEA" : "BLOB";
        string[] before =
        [
            "DROP TABLE tidemill_migrations", "DROP TABLE tidemill_checkpoints", "DROP TABLE tidemill_dead_letters",
            "DROP TABLE tidemill_schema_changes",
            "CREATE TABLE tidemill_checkpoints (stream TEXT NOT NULL, sink TEXT NOT NULL, topic TEXT NOT NULL, \"partition\" INTEGER "
                + "NOT NULL, "
                + "next_offset BIGINT NOT NULL, updated_at TIMESTAMP NOT NULL, PRIMARY KEY (stream, sink, topic, \"partition\"))",
            "CREATE TABLE tidemill_dead_letters (stream TEXT NOT NULL, topic TEXT NOT NULL, \"partition\" INTEGER NOT NULL, \"offset\" "
                + "BIGINT "
                + $"NOT NULL, record_time TIMESTAMP, key {blob}, value {blob}, error_code TEXT NOT NULL, field TEXT, message TEXT, "
                + "created_at "
                + $"TIMESTAMP NOT NULL, status TEXT NOT NULL, edited_value {blob}, PRIMARY KEY (stream, topic, \"partition\", \"offset\"))",
            "CREATE TABLE pipeline_executions (id UUID NOT NULL, pipeline_name TEXT NOT NULL, status TEXT NOT NULL, trigger TEXT, "
                + "interval_start TIMESTAMP, interval_end TIMESTAMP, records_processed BIGINT, start_time TIMESTAMP NOT NULL, end_time "
                + "TIMESTAMP, "
                + "error_message TEXT, PRIMARY KEY (id))",
            "INSERT INTO tidemill_checkpoints VALUES ('orders', 'raw', 'orders', 0, 42, TIMESTAMP '2026-01-01 00:00:00'), "
                + "('theirs', 'raw', 'orders', 0, 7, TIMESTAMP '2026-01-01 00:00:00')",
            "INSERT INTO tidemill_dead_letters VALUES ('orders', 'orders', 0, 3, TIMESTAMP '2026-01-01 00:00:00', NULL, NULL, "
                + "'DecodeFailed', "
                + "NULL, 'old', TIMESTAMP '2026-01-01 00:00:00', 'open', NULL)",
            "INSERT INTO pipeline_executions VALUES ('019b0000-0000-7000-8000-000000000000', 'daily', 'running', 'manual', "
                + "TIMESTAMP '2026-01-01 00:00:00', TIMESTAMP '2026-01-02 00:00:00', 5, TIMESTAMP '2026-01-02 00:00:01', NULL, NULL)",
        ];
        foreach (var sql in before)
            await Warehouse.ExecuteAsync(sql, [], Token);

        foreach (var set in new[] { SystemTables.OfWriters, StreamTables.Set, WorkflowTables.Set })
        {
            await Warehouse.MigrateAsync(set, Token);
            await Warehouse.AdoptAsync(set, "mine", ["orders", "daily"], Token);
        }

        await ReopenForAsync("other");
        Assert.Empty(await Warehouse.ReadCheckpointsAsync(Owner, Token));
        Assert.Empty(await new DeadLetterStore(Warehouse).ListAsync(null, null, 10, 0, Token));
        Assert.Equal(0, await new WarehouseRunStore(Warehouse).InterruptRunningAsync(DateTimeOffset.UnixEpoch, Token));
        await ReopenForAsync("mine");
        Assert.Equal(new LogOffset(42), (await Warehouse.ReadCheckpointsAsync(Owner, Token))[new TopicPartition("orders", 0)]);
        Assert.Equal("old", Assert.Single(await new DeadLetterStore(Warehouse).ListAsync(null, null, 10, 0, Token)).Message);
        Assert.Equal(1, await new WarehouseRunStore(Warehouse).InterruptRunningAsync(DateTimeOffset.UnixEpoch, Token));
        Assert.Equal("daily", Assert.Single(await new WarehouseRunStore(Warehouse).ListRunsAsync(null, null, 10, Token)).Workflow);
        Assert.Equal("", Assert.Single(await QueryAsync("SELECT project FROM tidemill_checkpoints WHERE stream = 'theirs'"))[0]);
    }

    [Fact]
    public async Task Projects_that_share_a_warehouse_have_positions_and_letters_of_their_own()
    {
        var partition = new TopicPartition("orders", 0);
        foreach (var (project, end) in new[] { ("mine", 10L), ("other", 20L) })
        {
            await ReopenForAsync(project);
            Assert.Empty(await Warehouse.ReadCheckpointsAsync(Owner, Token));
            await using var writer = await Warehouse.OpenWriterAsync(Token);
            await writer.BeginAsync(Token);
            await writer.AdvanceAsync(Owner, [new(partition, new(0), new(end))], Token);
            await writer.CommitAsync(Token);
            await new DeadLetterStore(Warehouse).WriteAsync([Letter(1, $"of {project}")], Token);
        }

        Assert.Equal(new LogOffset(20), (await Warehouse.ReadCheckpointsAsync(Owner, Token))[partition]);
        Assert.Equal("of other", Assert.Single(await new DeadLetterStore(Warehouse).ListAsync("orders", null, 10, 0, Token)).Message);
        Assert.Equal(1, await new DeadLetterStore(Warehouse).DiscardAsync("orders", new(partition, new(1)), Token));
        await ReopenForAsync("mine");
        Assert.Equal(new LogOffset(10), (await Warehouse.ReadCheckpointsAsync(Owner, Token))[partition]);
        Assert.Equal("of mine", (await new DeadLetterStore(Warehouse).FindAsync("orders", new(partition, new(1)), Token))!.Message);
        Assert.Single(await new DeadLetterStore(Warehouse).CountAsync(Token));
    }

    private async Task ReopenForAsync(string project)
    {
        await Warehouse.DisposeAsync();
        Warehouse = await OpenForAsync(project);
    }
}
