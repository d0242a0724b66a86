using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Models;
using Tidemill.Models.Graph;
using Tidemill.Models.Project;
using Tidemill.Streaming;
using Tidemill.Workflows.Planning;

namespace Tidemill.Server.Hosting;

/// <summary>Reads a project and checks all that can be checked without its servers: YAML, streams' SQL, schedules, models.</summary>
public static class ProjectCheck
{
    /// <summary>The project; ConfigurationInvalid with every error at once when there are any.</summary>
    public static ProjectDefinition Load(string folder, string? target) =>
        ProjectLoader.Load(folder, target, InstalledKinds.All, further: new FurtherChecks
        {
            Stream = StreamValidator.Validate,
            Workflow = WorkflowValidator.Validate,
            Project = ModelErrors,
        });

    private static IReadOnlyList<ConfigError> ModelErrors(ProjectDefinition project)
    {
        if (!DbtProjectReader.Exists(project.Folder))
            return [];

        try
        {
            ModelCompiler.Compile(DbtProjectReader.Read(project.Folder), TargetOf(project.Target));
            return [];
        }
        catch (TidemillException error) when (error.ConfigErrors.Count > 0)
        {
            return error.ConfigErrors;
        }
    }

    /// <summary>The target as models see it before a warehouse is open.</summary>
    private static ModelTarget TargetOf(TargetDefinition target) => target.Warehouse.Type switch
    {
        WarehouseType.Postgres => new ModelTarget(target.Name, target.Warehouse.Schema, "postgres"),
        _ => new ModelTarget(target.Name, "main", "duckdb"),
    };
}
