using System.CommandLine;
using System.Text.Json;
using Spectre.Console;
using Tidemill.Core.Errors;

namespace Tidemill.Cli.Commands;

/// <summary>Runs a command's body and turns what it throws into words and an exit code.</summary>
internal static class CommandRunner
{
    public static void OnProject(
        this Command command, ProjectOptions options, Func<ParseResult, ProjectChoice, CancellationToken, Task<int>> body)
    {
        options.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            var choice = options.Read(parsed);
            return GuardAsync(choice.Json, () => body(parsed, choice, cancellationToken), cancellationToken);
        });
    }

    /// <summary>A command that talks to the project's server, running or started for the moment.</summary>
    public static void OnServer(
        this Command command, ProjectOptions options, Func<ParseResult, ProjectChoice, ServerClient, CancellationToken, Task<int>> body) =>
        command.OnProject(options, async (parsed, choice, cancellationToken) =>
        {
            await using var server = await ServerClient.ConnectAsync(choice, cancellationToken);
            return await body(parsed, choice, server, cancellationToken);
        });

    public static async Task<int> GuardAsync(bool json, Func<Task<int>> body, CancellationToken cancellationToken)
    {
        try
        {
            return await body();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCode.Interrupted;
        }
        catch (TidemillException error)
        {
            Print(error, json);
            return ExitCode.For(error.Code);
        }
    }

    private static void Print(TidemillException error, bool json)
    {
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(new
            {
                error = new
                {
                    code = error.Code.ToString(),
                    message = error.Message,
                    remedy = error.Rule.Remedy,
                    errors = error.ConfigErrors,
                },
            }, JsonOutput.Options));
            return;
        }

        var terminal = Terminal.Errors;
        if (error.ConfigErrors.Count > 0)
        {
            foreach (var problem in error.ConfigErrors)
                terminal.MarkupLineInterpolated($"[red]{(problem.Line == 0 ? problem.File : $"{problem.File}:{problem.Line}")}[/] {problem.Path}: {problem.Problem} [bold]{problem.Fix}[/]");
        }
        else
        {
            terminal.MarkupLineInterpolated($"[red]{error.Code}[/]: {error.Message}");
        }

        terminal.MarkupLineInterpolated($"[grey]{error.Rule.Remedy}[/]");
    }
}
