using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;
using Tidemill.Server.Hosting;
using Tidemill.Streaming;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Positions;
using Tidemill.Streaming.Replay;
using Tidemill.Streaming.Verification;
using Tidemill.Tests.Core.Configuration;
using Tidemill.Tests.Streaming;
using Tidemill.Tests.Workflows.Runs;
using Tidemill.Workflows.Planning;
using Tidemill.Workflows.Runs;

namespace Tidemill.Tests.Core.Components;

/// <summary>A kind that no part of the program knows works by what it says of itself.</summary>
public sealed class KindSeamTests : IAsyncLifetime
{
    private static readonly ComponentKinds Kinds = new()
    {
        Sinks = [.. InstalledKinds.All.Sinks, FileSinkKind.Instance],
        Sources = InstalledKinds.All.Sources,
        Tasks = [.. InstalledKinds.All.Tasks, ScriptedTaskKind.Instance],
    };

    private readonly ProjectFolder _folder = new();
    private StreamBench _bench = null!;

    public async ValueTask InitializeAsync()
    {
        _bench = await StreamBench.OpenAsync();
        _bench.OpenSink = (stream, sink) => sink.Kind.Open(sink, new SinkContext("test", stream, _bench.Services.Stores, _ => { }));
    }

    public async ValueTask DisposeAsync()
    {
        _folder.Dispose();
        await _bench.DisposeAsync();
    }

    [Fact]
    public void Kinds_have_keys_of_their_own()
    {
        Assert.Distinct(Kinds.Sinks.Select(kind => kind.Key));
        Assert.Distinct(Kinds.Sources.Select(kind => kind.Key));
        Assert.Distinct(Kinds.Tasks.Select(kind => kind.Key));
    }

    [Fact]
    public void Its_keys_are_checked_and_stand_in_schema_and_guide()
    {
        var error = Assert.Throws<TidemillException>(() => Load("{paht: out.ndjson, id: [number]}"));

        Assert.Equal(
            ["sinks[0].file.paht: Unknown key 'paht'.", "sinks[0].file.id: There is no column 'number'."],
            error.ConfigErrors.Select(e => $"{e.Path}: {e.Problem}"));
        Assert.Contains(
            "File written; created when there is none.", ConfigurationSchemas.Write(Kinds)["stream.schema.json"], StringComparison.Ordinal);
        Assert.Contains(
            "| `file` . `path` | needed | File written; created when there is none. |",
            GuideTables.Update("<!-- keys: stream.sinks -->\n<!-- end -->", Kinds), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_are_written_once_over_a_restart_and_proven()
    {
        var stream = Load();
        await _bench.ProduceAsync([.. Enumerable.Range(0, 700).Select(i => StreamBench.Json(i))]);
        await _bench.CatchUpAsync(stream);
        await File.AppendAllTextAsync(Written(stream), "{\"id\":1,\"amount\":1.00,\"ki");
        await _bench.ProduceAsync([.. Enumerable.Range(700, 300).Select(i => StreamBench.Json(i)), "no JSON"]);

        var status = await _bench.CatchUpAsync(stream);

        Assert.Equal($"topic events -> file {Written(stream)}", status.Route);
        var report = Assert.Single(await new StreamVerifier(_bench.Services, [stream]).VerifyAsync(null, default));
        Assert.True(report.Proven, report.ToString());
        Assert.Equal((1001, 1000, 1), (report.Records, report.RowsFound, report.DeadLetters));
        var lines = await File.ReadAllLinesAsync(Written(stream));
        await File.WriteAllLinesAsync(Written(stream), lines.Skip(1));
        Assert.Equal(1, Assert.Single(await new StreamVerifier(_bench.Services, [stream]).VerifyAsync(null, default)).Lost);
    }

    [Fact]
    public async Task Replay_moves_and_workers_are_refused_as_its_traits_say()
    {
        var stream = Load();
        await _bench.ProduceAsync(StreamBench.Json(1), StreamBench.Json(2));
        await _bench.CatchUpAsync(stream);
        using var letters = new StreamDeadLetters(_bench.Warehouse, _bench.Log, [stream]);

        var replay = await new RangeReplay(_bench.Services, [stream], letters).PreviewAsync(new RangeReplayRequest("events"), default);
        var positions = new StreamPositions(_bench.Services, [stream], new StreamSupervisor(_bench.Services, []));
        var back = await positions.PlanAsync("events", new PositionRequest(PositionTarget.Parse("earliest")), default);

        Assert.Equal(["Sink out: lines would stand there twice."], replay.Refusals);
        Assert.Equal("Sink out keeps its position with what it writes; it cannot be moved.", back.Refusal);
        var error = Assert.Throws<TidemillException>(() => WorkerCheck.Require(Project()));
        Assert.Contains("Workers cannot share it: a file is written by one process at a time.", error.ConfigErrors.Select(e => e.Problem));
    }

    [Fact]
    public async Task A_task_of_it_is_checked_described_and_run()
    {
        _folder.With("tidemill.yaml", "name: test").With(
            "workflows/daily.yaml", "tasks:\n  - {name: a, script: hamlet}\n  - {name: b, script: x, sql: SELECT 1}");
        var error = Assert.Throws<TidemillException>(() => ProjectLoader.Load(_folder.Path, null, Kinds));
        Assert.Equal("Write exactly one of: models, sql, index, script.", Assert.Single(error.ConfigErrors).Fix);
        Assert.Contains("Whatever a test says.", ConfigurationSchemas.Write(Kinds)["workflow.schema.json"], StringComparison.Ordinal);

        _folder.With("workflows/daily.yaml", "tasks:\n  - {name: a, script: hamlet}");
        var plan = WorkflowPlanner.Plan(ProjectLoader.Load(_folder.Path, null, Kinds).Workflows.Single());
        Assert.Equal("play hamlet", plan.Tasks.Single().Summary);
        var executor = new ScriptedExecutor { Scripts = { ["a"] = (_, _) => Task.FromResult(42L) } };
        await _bench.Warehouse.MigrateAsync(WorkflowTables.Set, default);
        var store = new WarehouseRunStore(_bench.Warehouse);
        using var runner = new WorkflowRunner(store, new OpenStores().With(executor), TimeProvider.System);
        var run = await runner.RunAsync(plan, runner.NewRun(plan, new RunRequest(RunTrigger.Manual, default)), default, default);
        Assert.Equal((RunStatus.Success, 42), (run.Status.Known, run.RecordsProcessed));
    }

    private static string Written(StreamDefinition stream) => Assert.IsType<FileSinkDefinition>(stream.Sinks[0]).Path;

    private StreamDefinition Load(string? sink = null) => Project(sink).Streams[0];

    private ProjectDefinition Project(string? sink = null)
    {
        sink ??= $"{{path: {Path.Combine(_folder.Path, "out.ndjson")}, name: out, id: [id]}}";
        _folder.With("tidemill.yaml", "name: test").With("streams/events.yaml", $$$"""
            source: {topic: events}
            decode: {fields: {id: {type: bigint, required: true}, amount: "decimal(18,2)", kind: text}}
            batch: {max_records: 100, max_wait: 20ms}
            sinks:
              - file: {{{sink}}}
            """);
        return ProjectLoader.Load(_folder.Path, null, Kinds, new Dictionary<string, string?>());
    }
}
