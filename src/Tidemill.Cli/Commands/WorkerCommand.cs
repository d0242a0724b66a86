using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using Tidemill.Core.Errors;
using Tidemill.Server.Hosting;

namespace Tidemill.Cli.Commands;

/// <summary>
/// <c>tidemill worker</c>: the project's streams and nothing else, until Ctrl-C. Any number of workers, on any number of
/// machines, share the partitions of the topics they read.
/// </summary>
internal static class WorkerCommand
{
    public static Command Create()
    {
        var name = new Option<string?>(
            "--name")
        { Description = "The worker's name, unique on this machine; default: worker-1, or the next that is free." };
        var port = new Option<int>(
            "--port")
        { Description = "Port of /health, /metrics and the API; 0 takes a free one.", DefaultValueFactory = _ => 0 };
        var address = ListenAddress.Option();
        var command = new Command(
            "worker", "Run a project's streams only; several workers share the topics' partitions.") { name, port, address };
        command.OnProject(new ProjectOptions(), (parsed, choice, cancellationToken) => RunAsync(
            new HostOptions
            {
                ProjectFolder = choice.Folder,
                Target = choice.Target,
                Port = parsed.GetValue(port),
                Address = ListenAddress.Read(parsed.GetValue(address)!),
                Token = ServerClient.Token,
                Role = HostRole.Worker,
                RunWorkflows = false,
            },
            choice, parsed.GetValue(name), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(HostOptions options, ProjectChoice choice, string? wanted, CancellationToken cancellationToken)
    {
        var (host, name) = await StartAsync(options, choice, wanted, cancellationToken);
        await using (host)
        {
            if (choice.Json)
            {
                JsonOutput.PrintHost(host, name);
            }
            else
            {
                AnsiConsole.MarkupLineInterpolated(
                    $"[bold]Tidemill[/] {host.Project.Name}, target {host.Project.Target.Name}: worker [bold]{name}[/]");
                AnsiConsole.MarkupLineInterpolated($"  health and metrics on {host.Url} - Ctrl-C stops");
            }

            await host.WaitForShutdownAsync(cancellationToken);
            return ExitCode.Success;
        }
    }

    /// <summary>A worker's folder belongs to one process, so a name that is taken shows by its lock.</summary>
    private static async Task<(TidemillHost Host, string Name)> StartAsync(
        HostOptions options, ProjectChoice choice, string? wanted, CancellationToken cancellationToken)
    {
        for (var number = 1; ; number++)
        {
            var name = wanted ?? string.Create(CultureInfo.InvariantCulture, $"worker-{number}");
            try
            {
                var folder = choice.DataFolder.ForWorker(name).Path;
                return (await TidemillHost.StartAsync(options with { DataFolder = folder }, cancellationToken), name);
            }
            catch (TidemillException error) when (wanted is null && error.Code == ErrorCode.DataFolderLocked)
            {
                // The next number may be free.
            }
        }
    }
}
