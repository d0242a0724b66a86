using System.CommandLine;
using Spectre.Console;

namespace Tidemill.Cli.Commands;

/// <summary><c>tidemill generate</c>: a number of made-up records at once, as a generator stream declares them.</summary>
internal static class GenerateCommand
{
    public static Command Create()
    {
        var stream = new Argument<string?>(
            "STREAM")
        { Description = "The generator stream; default: the project's only one.", Arity = ArgumentArity.ZeroOrOne };
        var count = new Option<long>("--count", "-n") { Description = "Records to append.", DefaultValueFactory = _ => 1000 };
        var command = new Command("generate", "Append made-up records to a topic, as a generator stream declares them.") { stream, count };
        command.OnServer(new ProjectOptions(), async (parsed, choice, server, cancellationToken) =>
        {
            var answer = await server.PostAsync(
                "/api/generate", new { stream = parsed.GetValue(stream), count = parsed.GetValue(count) }, cancellationToken);
            if (choice.Json)
            {
                JsonOutput.Print(answer);
            }
            else
            {
                AnsiConsole.MarkupLineInterpolated(
                    $"{answer.GetProperty("count")} records appended to topic {answer.GetProperty("topic").GetString()}");
            }

            return ExitCode.Success;
        });
        return command;
    }
}
