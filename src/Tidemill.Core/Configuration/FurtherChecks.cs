using Tidemill.Core.Errors;

namespace Tidemill.Core.Configuration;

/// <summary>
/// Checks that need more than the file: an SQL engine, a calendar. Each sees only what its file's own rules found nothing
/// against, so that all errors of a project come in one list and none is a mere consequence of another.
/// </summary>
public sealed record FurtherChecks
{
    public Func<StreamDefinition, IEnumerable<ConfigError>> Stream { get; init; } = _ => [];

    public Func<WorkflowDefinition, IEnumerable<ConfigError>> Workflow { get; init; } = _ => [];

    /// <summary>Sees the project when tidemill.yaml could be read; streams and workflows may have errors.</summary>
    public Func<ProjectDefinition, IEnumerable<ConfigError>> Project { get; init; } = _ => [];
}
