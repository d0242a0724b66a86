using System.CommandLine;
using System.Text.Json;
using Spectre.Console;
using Tidemill.Core.Errors;

namespace Tidemill.Cli.Commands;

/// <summary><c>tidemill replay</c>: a range of a stream's topic through the stream again, after a look at the plan.</summary>
internal static class ReplayCommand
{
    public static Command Create()
    {
        var stream = new Option<string>("--stream", "-s") { Description = "The stream.", Required = true };
        var from = new Option<string?>("--from") { Description = "First record: an offset or an ISO 8601 time; default: the log's beginning." };
        var to = new Option<string?>("--to") { Description = "The record behind the last; default: where the tables stand." };
        var partition = new Option<int?>("--partition") { Description = "One partition; default: all." };
        var rebuild = new Option<bool>("--rebuild") { Description = "Empty the stream's tables and read everything again." };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask." };
        var command = new Command("replay", "Run a range of a stream's topic through the stream again without doubling rows.")
        {
            stream, from, to, partition, rebuild, yes,
        };
        command.OnServer(new ProjectOptions(), async (parsed, choice, server, cancellationToken) =>
        {
            var path = $"/api/streams/{Uri.EscapeDataString(parsed.GetValue(stream)!)}/replay";
            var body = new
            {
                from = parsed.GetValue(from),
                to = parsed.GetValue(to),
                partition = parsed.GetValue(partition)?.ToString(System.Globalization.CultureInfo.InvariantCulture),
                rebuild = parsed.GetValue(rebuild),
            };
            var plan = await Terminal.WaitAsync("planning", server.PostAsync($"{path}/plan", body, cancellationToken));
            if (!choice.Json)
                Write(plan);

            if (plan.GetProperty("refusals").GetArrayLength() > 0 || !Agreed(parsed.GetValue(yes), choice))
            {
                PrintJson(choice, plan);
                return plan.GetProperty("refusals").GetArrayLength() > 0 ? ExitCode.Failed : ExitCode.Success;
            }

            var outcome = await Terminal.WaitAsync("replaying", server.PostAsync(path, body, cancellationToken));
            PrintJson(choice, outcome);
            if (!choice.Json)
            {
                AnsiConsole.MarkupLineInterpolated(parsed.GetValue(rebuild)
                    ? (FormattableString)$"Emptied. The stream fills its tables again while it runs."
                    : (FormattableString)$"{outcome.GetProperty("records")} records run again, {outcome.GetProperty("rowsWritten")} rows written, {outcome.GetProperty("deadLettersReplayed")} dead letters became rows, {outcome.GetProperty("deadLettersNew")} records set aside.");
            }

            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>With --json nobody is asked: without --yes the plan is the answer.</summary>
    private static bool Agreed(bool yes, ProjectChoice choice)
    {
        if (yes || choice.Json)
            return yes;

        return Console.IsInputRedirected
            ? throw new TidemillException(ErrorCode.InvalidRequest, "Nobody can be asked here. Pass --yes to carry the plan out.")
            : AnsiConsole.Confirm("Carry it out?", defaultValue: false);
    }

    private static void PrintJson(ProjectChoice choice, JsonElement answer)
    {
        if (choice.Json)
            JsonOutput.Print(answer);
    }

    private static void Write(JsonElement plan) => TextTable.Write(
        [.. plan.GetProperty("columns").EnumerateArray().Select(c => c.GetString()!)],
        plan.GetProperty("rows").EnumerateArray().Select(row => row.EnumerateArray().Select(c => c.GetString()!).ToArray()));
}
