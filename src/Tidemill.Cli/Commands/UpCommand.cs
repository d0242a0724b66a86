using System.CommandLine;
using Spectre.Console;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Server.Hosting;

namespace Tidemill.Cli.Commands;

/// <summary><c>tidemill up PROJECT</c>: everything the project declares, in this process, until Ctrl-C.</summary>
internal static class UpCommand
{
    public static Command Create()
    {
        var project = new Argument<string>("PROJECT")
        {
            Description = "Project folder.",
            DefaultValueFactory = _ => Directory.GetCurrentDirectory(),
        };
        var target = new Option<string?>("--target", "-t")
        {
            Description = "Target in tidemill.yaml; default: TIDEMILL_TARGET, else its default_target.",
            DefaultValueFactory = _ => ProjectChoice.FromEnvironment("TIDEMILL_TARGET"),
        };
        var port = new Option<int>("--port") { Description = "Port of the console and API; 0 takes a free one.", DefaultValueFactory = _ => 8080 };
        var address = ListenAddress.Option();
        var data = new Option<string?>("--data")
        {
            Description = "Folder for log, warehouse and indexes; default: TIDEMILL_DATA, else .tidemill in the project.",
            DefaultValueFactory = _ => ProjectChoice.FromEnvironment("TIDEMILL_DATA"),
        };
        var noWorkflows = new Option<bool>("--no-workflows") { Description = "Do not run workflows on their schedules." };
        var command = new Command("up", "Run a project: its streams, workflows, API and console.") { project, target, port, address, data, noWorkflows };
        command.SetAction((parsed, cancellationToken) => CommandRunner.GuardAsync(
            json: false,
            () => RunAsync(
                new HostOptions
                {
                    ProjectFolder = Path.GetFullPath(parsed.GetValue(project)!),
                    Target = parsed.GetValue(target),
                    Port = parsed.GetValue(port),
                    Address = ListenAddress.Read(parsed.GetValue(address)!),
                    Token = ServerClient.Token,
                    DataFolder = parsed.GetValue(data),
                    RunWorkflows = !parsed.GetValue(noWorkflows),
                },
                cancellationToken),
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(HostOptions options, CancellationToken cancellationToken)
    {
        if (await ServerFile.ReadAsync(DataFolder.For(options.ProjectFolder, options.DataFolder), cancellationToken) is { } running)
        {
            throw new TidemillException(
                ErrorCode.DataFolderLocked, $"The project is up already: {running.Url} (process {running.Pid}).");
        }

        AnsiConsole.MarkupLineInterpolated($"[bold]Tidemill[/] {Path.GetFileName(options.ProjectFolder)}");
        await using var host = await TidemillHost.StartAsync(
            options with { Progress = step => AnsiConsole.MarkupLineInterpolated($"  [grey]{step}[/]") }, cancellationToken);
        AnsiConsole.MarkupLineInterpolated($"  target [bold]{host.Project.Target.Name}[/], data in {host.DataFolder.Path}");
        AnsiConsole.MarkupLineInterpolated($"  console and API on {host.Url} - Ctrl-C stops");
        await host.WaitForShutdownAsync(cancellationToken);
        AnsiConsole.MarkupLine("  [grey]stopping: writing what is under way[/]");
        return ExitCode.Success;
    }
}
