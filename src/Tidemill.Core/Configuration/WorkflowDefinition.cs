using Tidemill.Core.Components;

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
