using System.CommandLine;
using System.Text.Json;
using Spectre.Console;
using Tidemill.Streaming.Verification;

namespace Tidemill.Cli.Commands;

/// <summary><c>tidemill verify</c>: proof that every record is in the warehouse exactly once or in dead letters.</summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        var stream = new Argument<string?>(
            "STREAM")
        { Description = "One stream; default: all that fill tables.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("verify", "Prove that no record is lost, doubled or altered between log and warehouse.") { stream };
        command.OnServer(new ProjectOptions(), async (parsed, choice, server, cancellationToken) =>
        {
            var answer = await Terminal.WaitAsync(
                "reading the log again and comparing",
                server.PostAsync("/api/verify", new { stream = parsed.GetValue(stream) }, cancellationToken));
            var reports = answer.GetProperty("reports").Deserialize<List<VerifyReport>>(JsonOutput.Options)!;
            if (choice.Json)
                JsonOutput.Print(answer.GetProperty("reports"));
            else
                reports.ForEach(Write);

            return reports.TrueForAll(r => r.Proven) ? ExitCode.Success : ExitCode.Failed;
        });
        return command;
    }

    private static void Write(VerifyReport report)
    {
        var verdict = report.Proven ? "[green]proven[/]" : "[red]not so[/]";
        AnsiConsole.MarkupLine(
            $"{verdict} {Markup.Escape(report.Stream)} -> {Markup.Escape(report.Table)}: {report.Records} records, {report.RowsFound} "
                + "rows, " +
            $"{report.DeadLetters} dead letters, {report.Pending} pending; {report.Lost} lost, {report.Doubled} doubled, "
                + $"{report.Altered} altered");
        if (report.Expired > 0)
            AnsiConsole.MarkupLine($"  [yellow]{report.Expired} records were deleted by retention and cannot be checked[/]");

        foreach (var note in report.Notes)
            AnsiConsole.MarkupLineInterpolated($"  [yellow]{note}[/]");

        foreach (var finding in report.Findings)
            AnsiConsole.MarkupLineInterpolated($"  {finding}");
    }
}
