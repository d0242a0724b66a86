using Tidemill.Core.Configuration;
using Tidemill.Tests.Workflows.Runs;

namespace Tidemill.Tests.Workflows;

/// <summary>Short ways to write workflows in tests.</summary>
internal static class Definitions
{
    public static WorkflowDefinition Workflow(params TaskDefinition[] tasks) =>
        new() { Name = "w", File = "workflows/w.yaml", Tasks = tasks };

    public static TaskDefinition NewTask(string name, params string[] dependsOn) =>
        new() { Name = name, Line = 7, DependsOn = dependsOn, Action = new ScriptedAction(name) };
}
