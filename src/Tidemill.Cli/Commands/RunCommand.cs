using System.CommandLine;
using System.Text.Json;
using Spectre.Console;

namespace Tidemill.Cli.Commands;

/// <summary><c>tidemill run stream|model|workflow</c>: one piece of the project now, to its end.</summary>
internal static class RunCommand
{
    public static Command Create() => new("run", "Run a stream until it has caught up, models, or a workflow.")
    {
        Stream(), Model(), Workflow(),
    };

    private static Command Stream()
    {
        var name = new Argument<string>("NAME") { Description = "The stream." };
        var command = new Command("stream", "Run a stream until it holds every record that the topic has now.") { name };
        command.OnServer(new ProjectOptions(), async (parsed, choice, server, cancellationToken) =>
        {
            var path = $"/api/streams/{Uri.EscapeDataString(parsed.GetValue(name)!)}/catch-up";
            var answer = await Terminal.WaitAsync(
                $"running stream {parsed.GetValue(name)}", server.PostAsync(path, null, cancellationToken));
            return Report(choice, answer, answer.GetProperty("state"), "Stopped", "Running");
        });
        return command;
    }

    private static Command Model()
    {
        var select = new Argument<string[]>("SELECT")
        {
            Description = "Models by dbt's selectors: name, +name with all before it, name+ with all after it, tag:x, path:x, ... Default: all.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new Command("model", "Build models in the warehouse.") { select };
        command.OnServer(new ProjectOptions(), async (parsed, choice, server, cancellationToken) =>
        {
            var answer = await Terminal.WaitAsync(
                "running models", server.PostAsync("/api/models/run", new { select = parsed.GetValue(select) ?? [] }, cancellationToken));
            return WriteModels(choice, answer);
        });
        return command;
    }

    private static int WriteModels(ProjectChoice choice, JsonElement answer)
    {
        if (choice.Json)
        {
            JsonOutput.Print(answer);
        }
        else
        {
            foreach (var model in answer.GetProperty("results").EnumerateArray())
            {
                var error = model.TryGetProperty("error", out var text) ? text.GetString() : null;
                AnsiConsole.MarkupLineInterpolated(
                    $"{model.GetProperty("status").GetString()} {model.GetProperty("model").GetString()} {model.GetProperty("rows")} rows, {model.GetProperty("seconds").GetDouble():F2} s {error}");
            }
        }

        return answer.GetProperty("succeeded").GetBoolean() ? ExitCode.Success : ExitCode.Failed;
    }

    private static Command Workflow()
    {
        var name = new Argument<string>("NAME") { Description = "The workflow." };
        var command = new Command("workflow", "Run a workflow once and wait for its end.") { name };
        command.OnServer(new ProjectOptions(), async (parsed, choice, server, cancellationToken) =>
        {
            var path = $"/api/workflows/{Uri.EscapeDataString(parsed.GetValue(name)!)}/runs?wait=true";
            var answer = await Terminal.WaitAsync($"running workflow {parsed.GetValue(name)}", server.PostAsync(path, null, cancellationToken));
            return Report(choice, answer, answer.GetProperty("status"), "success", "succeeded");
        });
        return command;
    }

    private static int Report(ProjectChoice choice, JsonElement answer, JsonElement status, params string[] good)
    {
        var succeeded = good.Contains(status.GetString(), StringComparer.OrdinalIgnoreCase);
        if (choice.Json || !succeeded)
            JsonOutput.Print(answer);
        else
            AnsiConsole.MarkupLineInterpolated($"[green]{status.GetString()}[/]");

        return succeeded ? ExitCode.Success : ExitCode.Failed;
    }
}
