using System.CommandLine;
using Spectre.Console;
using Tidemill.Core.Errors;
using Tidemill.Server.Hosting;

namespace Tidemill.Cli.Commands;

/// <summary><c>tidemill up PROJECT</c>: everything the project declares, in this process, until Ctrl-C.</summary>
internal static class UpCommand
{
    public static Command Create()
    {
        var port = new Option<int>(
            "--port")
        { Description = "Port of the console and API; 0 takes a free one.", DefaultValueFactory = _ => 8080 };
        var address = ListenAddress.Option();
        var noWorkflows = new Option<bool>("--no-workflows") { Description = "Do not run workflows on their schedules." };
        var command = new Command("up", "Run a project: its streams, workflows, API and console.") { port, address, noWorkflows };
        command.OnProject(new ProjectOptions(asArgument: true), (parsed, choice, cancellationToken) => RunAsync(
            choice,
            new HostOptions
            {
                ProjectFolder = choice.Folder,
                Target = choice.Target,
                Port = parsed.GetValue(port),
                Address = ListenAddress.Read(parsed.GetValue(address)!),
                Token = ServerClient.Token,
                DataFolder = choice.Data,
                RunWorkflows = !parsed.GetValue(noWorkflows),
            },
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ProjectChoice choice, HostOptions options, CancellationToken cancellationToken)
    {
        if (await ServerFile.ReadAsync(choice.DataFolder, cancellationToken) is { } running)
        {
            throw new TidemillException(
                ErrorCode.DataFolderLocked, $"The project is up already: {running.Url} (process {running.Pid}).");
        }

        Say(choice, $"[bold]Tidemill[/] {Path.GetFileName(choice.Folder)}");
        await using var host = await TidemillHost.StartAsync(
            options with { Progress = step => Say(choice, $"  [grey]{step}[/]") }, cancellationToken);
        Say(choice, $"  target [bold]{host.Project.Target.Name}[/], data in {host.DataFolder.Path}");
        Say(choice, $"  console and API on {host.Url} - Ctrl-C stops");
        if (choice.Json)
            JsonOutput.PrintHost(host, host.Project.Name);

        await host.WaitForShutdownAsync(cancellationToken);
        Say(choice, $"  [grey]stopping: writing what is under way[/]");
        return ExitCode.Success;
    }

    private static void Say(ProjectChoice choice, FormattableString text)
    {
        if (!choice.Json)
            AnsiConsole.MarkupLineInterpolated(text);
    }
}
