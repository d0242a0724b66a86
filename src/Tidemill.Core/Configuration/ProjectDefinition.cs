using Tidemill.Core.Components;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;

namespace Tidemill.Core.Configuration;

/// <summary>A project folder, read and validated, with one target chosen. Immutable.</summary>
public sealed record ProjectDefinition
{
    /// <summary>Absolute path of the project folder.</summary>
    public required string Folder { get; init; }

    public required string Name { get; init; }

    public required TargetDefinition Target { get; init; }

    /// <summary>Names of all targets in tidemill.yaml.</summary>
    public required IReadOnlyList<string> TargetNames { get; init; }

    /// <summary>Topics with declared settings; a topic that a stream names without declaring it gets the defaults.</summary>
    public required IReadOnlyList<TopicSpec> Topics { get; init; }

    /// <summary>Streams and pumps, by their files' names.</summary>
    public required IReadOnlyList<FlowDefinition> Flows { get; init; }

    public IReadOnlyList<StreamDefinition> Streams => [.. Flows.OfType<StreamDefinition>()];

    public IReadOnlyList<PumpDefinition> Pumps => [.. Flows.OfType<PumpDefinition>()];

    /// <summary>Whether a sink, source or task works on the target's own store of this contract.</summary>
    public bool Uses<TStore>() => Streams.SelectMany(s => s.Sinks).SelectMany(sink => sink.Kind.Uses(sink))
        .Concat(Pumps.SelectMany(p => p.Source.Kind.Uses(p.Source)))
        .Concat(Workflows.SelectMany(w => w.Tasks).SelectMany(task => task.Action.Kind.Uses(task.Action)))
        .Any(use => use.Store == typeof(TStore) && use.Connection is null);

    public required IReadOnlyList<WorkflowDefinition> Workflows { get; init; }

    public IReadOnlyList<DashboardDefinition> Dashboards { get; init; } = [];
}

/// <summary>The connections of one target. Secrets are resolved; <c>ToString</c> of a connection never prints them.</summary>
public sealed record TargetDefinition
{
    public required string Name { get; init; }

    public LogConnection Log { get; init; } = new();

    public WarehouseConnection Warehouse { get; init; } = new();

    public SearchConnection Search { get; init; } = new();

    public DocumentsConnection Documents { get; init; } = new();

    /// <summary>Connections by name, of any kind: for slots, sources and sinks that name one.</summary>
    public IReadOnlyDictionary<string, Connection> Connections { get; init; } = new Dictionary<string, Connection>();
}

public enum WarehouseType
{
    DuckDb,
    Postgres,
}

/// <summary>DuckDB under the data folder by default; host and the following belong to PostgreSQL.</summary>
public sealed record WarehouseConnection : Connection
{
    public override Type Store => typeof(IWarehouse);

    /// <summary>The project that opens it.</summary>
    public string Project { get; init; } = "";

    public WarehouseType Type { get; init; } = WarehouseType.DuckDb;

    public string Host { get; init; } = "localhost";

    public int Port { get; init; } = 5432;

    public string User { get; init; } = "postgres";

    public string? Password { get; init; }

    public string Database { get; init; } = "postgres";

    public string Schema { get; init; } = "public";

    /// <summary>Disable, prefer, require, verify-ca or verify-full, as in libpq. Default prefer.</summary>
    public string SslMode { get; init; } = "prefer";

    /// <summary>
    /// Bytes that DuckDB keeps to: beyond them it drops what it has cached and spills to disk. Indexes of keys, which it cannot
    /// spill, come on top. Default: 512 MB, so that a laptop stays a laptop.
    /// </summary>
    public long MemoryLimit { get; init; } = 512_000_000;

    /// <summary>DuckDB's threads. Default 0: one a processor.</summary>
    public int Threads { get; init; }

    /// <summary>
    /// Folders whose files DuckDB's SQL may read and write; absolute once the project's folder is known. Default: none, as models,
    /// tasks and queries share one engine, and whoever may query could else read every file that the process can.
    /// </summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    protected override bool PrintMembers(System.Text.StringBuilder builder)
    {
        builder.Append(
            System.Globalization.CultureInfo.InvariantCulture, $"Type = {Type}, Host = {Host}, Port = {Port}, Database = {Database}");
        return true;
    }
}
