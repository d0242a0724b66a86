namespace Tidemill.Core.Configuration;

/// <summary>Tasks in an order, run on a schedule or by hand.</summary>
public sealed record WorkflowDefinition
{
    public required string Name { get; init; }

    public required string File { get; init; }

    /// <summary>A cron expression of five fields or @hourly, @daily, ...; null: by hand only. A target may set its own.</summary>
    public string? Schedule { get; init; }

    /// <summary>IANA time zone that the schedule is read in. Default UTC.</summary>
    public string TimeZone { get; init; } = "UTC";

    public required IReadOnlyList<TaskDefinition> Tasks { get; init; }
}

/// <summary>One task. Without <c>depends_on</c> anywhere in the workflow, tasks run in the order written.</summary>
public sealed record TaskDefinition
{
    public required string Name { get; init; }

    public required int Line { get; init; }

    public IReadOnlyList<string> DependsOn { get; init; } = [];

    public required TaskAction Action { get; init; }

    /// <summary>Further attempts after a failure, of whatever kind. Default 0.</summary>
    public int Retries { get; init; }

    /// <summary>Wait before the first retry, doubled for each further one. Default 5 s.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Default: none.</summary>
    public TimeSpan? Timeout { get; init; }
}

public abstract record TaskAction;

/// <summary>Runs models by selection: names, +name (with all before), name+ (with all after). Empty: all.</summary>
public sealed record ModelsAction(IReadOnlyList<string> Select) : TaskAction;

/// <summary>Runs SQL statements on the warehouse in one transaction.</summary>
public sealed record SqlAction(IReadOnlyList<SqlText> Statements) : TaskAction;

/// <summary>Writes a query's rows as documents; the id column makes running twice change nothing.</summary>
/// <param name="Index">Index name.</param>
/// <param name="Query">SELECT on the warehouse.</param>
/// <param name="IdColumn">Column whose text is the document id.</param>
/// <param name="Mapping">Column to Elasticsearch type; columns left out are mapped by their SQL type.</param>
public sealed record IndexAction(string Index, SqlText Query, string IdColumn, IReadOnlyDictionary<string, string> Mapping) : TaskAction;
