using Microsoft.Extensions.Logging;
using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Documents;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Search;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Status;
using Tidemill.Workflows.Runs;
using Tidemill.Workflows.Scheduling;

namespace Tidemill.Server.Hosting;

/// <summary>
/// One project at work: its log, search store and warehouse, opened once and shared by streams, workflows, API and console.
/// </summary>
internal sealed class ProjectRuntime : IAsyncDisposable
{
    private readonly OpenParts _parts;
    private volatile ProjectEngine? _engine;

    private ProjectRuntime(HostOptions options, ProjectDefinition project, DataFolder dataFolder, OpenParts parts)
    {
        Options = options;
        Project = project;
        DataFolder = dataFolder;
        _parts = parts;
    }

    public HostOptions Options { get; }

    public ProjectDefinition Project { get; }

    public DataFolder DataFolder { get; }

    public required TimeProvider Time { get; init; }

    public required DateTimeOffset Started { get; init; }

    /// <summary>Random name of this start; see <see cref="ServerAddress.Instance"/>.</summary>
    public string Instance { get; } = Guid.NewGuid().ToString("N");

    public required ILog Log { get; init; }

    /// <summary>The logs of the target's further connections, by name.</summary>
    public required IReadOnlyDictionary<string, ILog> Connections { get; init; }

    /// <summary>The target's log, or the connection's.</summary>
    public ILog LogOf(string? connection) => connection is null ? Log : Connections[connection];

    public required TopicSetup Topics { get; init; }

    /// <summary>For the API; appends are durable when acknowledged.</summary>
    public required ILogProducer Producer { get; init; }

    public required ISearchStore Search { get; init; }

    /// <summary>Null when no stream has to do with a collection.</summary>
    public required IDocumentStore? Documents { get; init; }

    public required WarehouseGate Gate { get; init; }

    public required ILoggerFactory Loggers { get; init; }

    /// <summary>Why streams and workflows ended although nobody stopped them; null while they run.</summary>
    public string? EngineFailure { get; set; }

    /// <summary>Unavailable while the warehouse is waited for.</summary>
    public IWarehouse Warehouse => Gate.Current;

    public StreamDeadLetters DeadLetters => Engine.DeadLetters;

    /// <summary>Streams, workflows, replay and proof; Unavailable while the warehouse is waited for.</summary>
    public ProjectEngine Engine => _engine ?? throw new TidemillException(ErrorCode.Unavailable, Topics.LastError is { } away
        ? $"Waiting for the log. {away}"
        : $"Waiting for the warehouse. {Gate.LastError}".TrimEnd());

    /// <summary>The run history.</summary>
    public WarehouseRunStore Runs => Engine.Runs;

    /// <summary>Every stream that runs in this process.</summary>
    public IReadOnlyList<StreamStatus> StreamStatus() => _engine?.Streams.Status() ?? [];

    public IReadOnlyList<WorkflowStatus> WorkflowStatus() => _engine?.Workflows.Workflows ?? [];

    /// <summary>What keeps schedules from firing; null while they do, and before the warehouse is open.</summary>
    public string? SchedulerProblem => _engine?.Workflows.Problem;

    /// <summary>Runs that ended in this process; null while the warehouse is waited for.</summary>
    public RunCounts? RunCounts => _engine?.RunCounts;

    /// <summary>Makes what needs the warehouse, which must be open.</summary>
    public ProjectEngine StartEngine() => _engine = new ProjectEngine(this, Warehouse);

    /// <summary>The stores that are open; the warehouse comes to them with the engine.</summary>
    public OpenStores Stores()
    {
        var stores = new OpenStores().With(Log).With(Search).With(Documents);
        foreach (var (name, log) in Connections)
            stores.With(log, name);

        return stores;
    }

    public async Task<IReadOnlyList<WorkflowRun>> ListRunsAsync(string? workflow, int limit, CancellationToken cancellationToken)
    {
        await Engine.Workflows.Ready.WaitAsync(cancellationToken);
        return await Runs.ListRunsAsync(workflow, trigger: null, limit, cancellationToken);
    }

    /// <summary>
    /// Takes the data folder and opens log and stores; the warehouse follows through <see cref="Gate"/>. Closes what it opened when
    /// one cannot be opened.
    /// </summary>
    public static async Task<ProjectRuntime> OpenAsync(
        HostOptions options, ProjectDefinition project, HostParts parts, TimeProvider time, ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        var opened = new OpenParts();
        try
        {
            return await OpenAsync(options, project, parts, opened, time, loggers, cancellationToken);
        }
        catch
        {
            await opened.DisposeAsync();
            throw;
        }
    }

    private static async Task<ProjectRuntime> OpenAsync(
        HostOptions options, ProjectDefinition project, HostParts parts, OpenParts opened, TimeProvider time, ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        var dataFolder = DataFolder.For(project.Folder, options.DataFolder);
        opened.Add(DataFolderLock.Acquire(dataFolder));
        var connections = new Dictionary<string, ILog>(StringComparer.Ordinal);
        foreach (var connection in project.Target.Connections.Values.OfType<LogConnection>())
            connections[connection.Name!] = opened.Add(await parts.OpenConnection(project, connection, time, cancellationToken));

        // A log that is a connection as it stands shares its client; one with settings of its own has its own.
        var target = project.Target;
        var log = target.Log.Name is { } shared && ReferenceEquals(target.Connections[shared], target.Log)
            ? connections[shared]
            : opened.Add(await parts.OpenLog(project, dataFolder, time, cancellationToken));

        var topics = new TopicSetup(log, connections, project, time, loggers.CreateLogger<TopicSetup>());
        await topics.TryAsync(cancellationToken);
        return new ProjectRuntime(options, project, dataFolder, opened)
        {
            Time = time,
            Started = time.GetUtcNow(),
            Log = log,
            Connections = connections,
            Topics = topics,
            Search = opened.Add(await parts.OpenSearch(project, dataFolder, cancellationToken)),
            Documents = project.Uses<IDocumentStore>()
                ? opened.Add(await parts.OpenDocuments(project, dataFolder, cancellationToken))
                : null,
            Gate = opened.Add(new WarehouseGate(
                token => OpenWarehouseAsync(parts, project, dataFolder, token), time, loggers.CreateLogger<WarehouseGate>())),
            Producer = opened.Add(log.CreateProducer(new ProducerOptions())),
            Loggers = loggers,
        };
    }

    /// <summary>Opens the warehouse and brings its system tables to what this program knows.</summary>
    private static async Task<IWarehouse> OpenWarehouseAsync(
        HostParts parts, ProjectDefinition project, DataFolder dataFolder, CancellationToken cancellationToken)
    {
        var warehouse = await parts.OpenWarehouse(project, dataFolder, cancellationToken);
        try
        {
            string[] streams = [.. project.Flows.Select(flow => flow.Name)];
            await warehouse.AdoptAsync(SystemTables.OfWriters, project.Name, streams, cancellationToken);
            await warehouse.MigrateAsync(StreamTables.Set, cancellationToken);
            await warehouse.AdoptAsync(StreamTables.Set, project.Name, streams, cancellationToken);
            await warehouse.MigrateAsync(WorkflowTables.Set, cancellationToken);
            await warehouse.AdoptAsync(
                WorkflowTables.Set, project.Name, [.. project.Workflows.Select(workflow => workflow.Name)], cancellationToken);
            return warehouse;
        }
        catch
        {
            await warehouse.DisposeAsync();
            throw;
        }
    }

    /// <summary>The topic as it stands; NotFound names those that exist.</summary>
    public async Task<TopicDescription> RequireTopicAsync(string topic, CancellationToken cancellationToken) =>
        await Log.DescribeTopicAsync(topic, cancellationToken)
        ?? throw new TidemillException(
            ErrorCode.NotFound,
            $"There is no topic of that name. Topics: {string.Join(", ", await Log.ListTopicsAsync(cancellationToken))}.");

    /// <summary>Closes what streams and workflows no longer use, in the reverse of the order of opening: the folder last.</summary>
    public ValueTask DisposeAsync() => _parts.DisposeAsync();
}
