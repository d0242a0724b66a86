using System.CommandLine;
using System.Text.Json;
using Spectre.Console;
using Tidemill.Core.Configuration;
using Tidemill.Server.Hosting;
using Tidemill.Streaming.Sinks;

namespace Tidemill.Cli.Commands;

/// <summary><c>tidemill check</c>: every configuration error at once, or what the project holds.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var command = new Command("check", "Validate the project: every error with file, line and fix.");
        command.OnProject(new ProjectOptions(), (_, choice, _) =>
        {
            var project = ProjectCheck.Load(choice.Folder, choice.Target);
            var warnings = SharedTargets.Warnings(project.Streams);
            if (choice.Json)
            {
                JsonOutput.Print(JsonSerializer.SerializeToElement(new
                {
                    project.Name,
                    target = project.Target.Name,
                    targets = project.TargetNames,
                    connections = project.Target.Connections.Keys,
                    topics = project.Topics.Select(t => t.Name),
                    streams = project.Flows.Select(f => f.Name),
                    workflows = project.Workflows.Select(w => w.Name),
                    warnings = warnings.Select(w => new { w.File, w.Path, w.Problem, w.Fix }),
                }, JsonOutput.Options));
            }
            else
            {
                AnsiConsole.MarkupLineInterpolated(
                    $"[green]ok[/] {project.Name}, target {project.Target.Name}: {Counts(project)}");
                foreach (var warning in warnings)
                    AnsiConsole.MarkupLineInterpolated($"[yellow]warning[/] {warning}");
            }

            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static string Counts(ProjectDefinition project) =>
        $"{project.Flows.Count} streams, {project.Workflows.Count} workflows, {project.Topics.Count} topics"
        + (project.Target.Connections.Count == 0 ? "" : $"; connections {string.Join(", ", project.Target.Connections.Keys)}");
}
