using Tidemill.Core.Configuration;
using Tidemill.Core.Warehouses;
using Tidemill.Models.Tasks;
using Tidemill.Streaming;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Positions;
using Tidemill.Streaming.Replay;
using Tidemill.Streaming.Status;
using Tidemill.Streaming.Verification;
using Tidemill.Workflows.Runs;
using Tidemill.Workflows.Scheduling;

namespace Tidemill.Server.Hosting;

/// <summary>What needs the warehouse: streams, workflows, replay and proof. Made once it is open.</summary>
internal sealed class ProjectEngine : IDisposable
{
    private readonly WorkflowRunner _runner;
    private readonly StreamServices _services;
    private readonly ProjectDefinition _project;

    public ProjectEngine(ProjectRuntime runtime, IWarehouse warehouse)
    {
        var project = _project = runtime.Project;
        var services = _services = new StreamServices(project.Name, runtime.Log, warehouse, runtime.Time, runtime.Loggers)
        {
            Stores = runtime.Stores().With(warehouse),
        };
        Streams = new StreamSupervisor(services, StreamsOf(runtime.Options.Role, project));
        Positions = new StreamPositions(services, project.Flows, Streams);
        DeadLetters = new StreamDeadLetters(warehouse, runtime.Log, project.Streams);
        Replay = new DeadLetterReplay(services, project.Streams, DeadLetters);
        RangeReplay = new RangeReplay(services, project.Streams, DeadLetters);
        Verifier = new StreamVerifier(services, project.Streams);
        Models = new ProjectModels(project.Folder, project.Target.Name, warehouse, runtime.Time);
        Runs = new WarehouseRunStore(warehouse);
        _runner = new WorkflowRunner(Runs, runtime.Stores().With(warehouse).With<IModelExecution>(Models), runtime.Time);
        Workflows = new WorkflowScheduler(
            project.Workflows, _runner, Runs, runtime.Time,
            new WorkflowSchedulerOptions { SchedulesEnabled = runtime.Options.RunWorkflows, OwnsHistory = OwnsHistory(runtime) });
        Workflows.Changed += RunCounts.Take;
    }

    public StreamSupervisor Streams { get; }

    public StreamDeadLetters DeadLetters { get; }

    /// <summary>Where the streams' sinks stand.</summary>
    public StreamPositions Positions { get; }

    public DeadLetterReplay Replay { get; }

    public RangeReplay RangeReplay { get; }

    public StreamVerifier Verifier { get; }

    public ProjectModels Models { get; }

    public WarehouseRunStore Runs { get; }

    public WorkflowScheduler Workflows { get; }

    public RunCounts RunCounts { get; } = new();

    /// <summary>Runs streams and schedules until cancelled: streams drain and workflow runs are recorded before it returns.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(Streams.RunAsync(cancellationToken), Workflows.RunAsync(cancellationToken));

    /// <summary>Completes when the stream holds every record that its topic has now; runs it when this process does not.</summary>
    public async Task<StreamStatus> CatchUpAsync(string name, CancellationToken cancellationToken)
    {
        var stream = _project.Flows.ReaderNamed(name, ": there is nothing to catch up with.");
        if (Streams.Status(name) is null)
            return await StreamCatchUp.RunAsync(_services, stream, cancellationToken);

        await StreamCatchUp.WaitAsync(_services, stream, () => Streams.Status(name)!, cancellationToken);
        return Streams.Status(name)!;
    }

    /// <summary>Whoever holds an embedded warehouse is alone with it; on a shared one, only a server speaks for the runs.</summary>
    private static bool OwnsHistory(ProjectRuntime runtime) =>
        runtime.Options.Role == HostRole.Server || runtime.Project.Target.Warehouse.Type == WarehouseType.DuckDb;

    private static IReadOnlyList<FlowDefinition> StreamsOf(HostRole role, ProjectDefinition project) => role switch
    {
        HostRole.Server => project.Flows,
        HostRole.Worker => project.Streams,
        _ => [],
    };

    public void Dispose()
    {
        Workflows.Changed -= RunCounts.Take;
        Workflows.Dispose();
        _runner.Dispose();
        DeadLetters.Dispose();
    }
}
