using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Drift;
using Tidemill.Workflows.Runs;

namespace Tidemill.Tests.Warehouses;

public abstract partial class WarehouseContractTests
{
    [Fact]
    public async Task Words_of_a_newer_program_break_no_list_and_are_shown_as_they_are()
    {
        await Warehouse.MigrateAsync(WorkflowTables.Set, Token);
        await new DeadLetterStore(Warehouse).WriteAsync([Letter(1, "known"), Letter(2, "new")], Token);
        string[] newer =
        [
            "UPDATE tidemill_dead_letters SET error_code = 'QuantumFlux', status = 'parked' WHERE \"offset\" = 2",
            "INSERT INTO tidemill_schema_changes (project, stream, kind, path, new_type, decision, changed_at) VALUES "
                + "('', 'orders', 'Folded', '[\"a\"]', '', 'Deferred', TIMESTAMP '2026-01-01 00:00:00')",
            "INSERT INTO pipeline_executions (id, pipeline_name, status, trigger, interval_start, interval_end, records_processed, "
                + "start_time, "
                + "project) VALUES ('019b0000-0000-7000-8000-000000000000', 'daily', 'up_in_the_air', 'dataset', TIMESTAMP '2026-01-01 "
                + "00:00:00', "
                + "TIMESTAMP '2026-01-02 00:00:00', 0, TIMESTAMP '2026-01-02 00:00:00', '')",
            "INSERT INTO task_executions (id, execution_id, pipeline_name, task_name, attempt, status, records_processed, start_time, "
                + "error_code) VALUES ('019b0000-0000-7000-8000-000000000001', '019b0000-0000-7000-8000-000000000000', 'daily', 't', 1, "
                + "'deferred', 0, TIMESTAMP '2026-01-02 00:00:00', 'QuantumFlux')",
        ];
        foreach (var sql in newer)
            Assert.Equal(1, await Warehouse.ExecuteAsync(sql, [], Token));

        var letters = await new DeadLetterStore(Warehouse).ListAsync(null, null, 10, 0, Token);
        Assert.Equal(
            ["DecodeFailed Open", "QuantumFlux parked"], letters.Select(l => $"{l.Code} {l.Status}").Order(StringComparer.Ordinal));
        Assert.Null(letters.Single(l => l.Message == "new").Code.Known);
        Assert.Equal("DecodeFailed", Assert.Single(await new DeadLetterStore(Warehouse).CountAsync(Token)).Code.ToString());
        Assert.Equal(0, await new DeadLetterStore(Warehouse).DiscardAsync("orders", new(new TopicPartition("orders", 0), new(2)), Token));
        var change = Assert.Single(await new SchemaChangeStore(Warehouse).ListAsync(null, 10, Token));
        Assert.Equal("Folded Deferred", $"{change.Kind} {change.Decision}");
        var run = Assert.Single(await new WarehouseRunStore(Warehouse).ListRunsAsync(null, null, 10, Token));
        Assert.Equal("up_in_the_air dataset", $"{run.Status} {run.Trigger}");
        var attempt = Assert.Single(await new WarehouseRunStore(Warehouse).ListAttemptsAsync(run.Id, Token));
        Assert.Equal("deferred QuantumFlux", $"{attempt.Status} {attempt.ErrorCode}");
    }
}
