using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace Tidemill.Cli.Commands;

/// <summary><c>tidemill schema-changes</c>: where records left a stream's declared schema, and what was decided.</summary>
internal static class SchemaChangesCommand
{
    public static Command Create()
    {
        var stream = new Option<string?>("--stream", "-s") { Description = "One stream; default: all." };
        var limit = new Option<int>("--limit") { Description = "Most entries shown.", DefaultValueFactory = _ => 50 };
        var command = new Command(
            "schema-changes", "Show where records left the declared schemas, and what was decided.") { stream, limit };
        command.OnServer(new ProjectOptions(), async (parsed, choice, server, cancellationToken) =>
        {
            var filter = parsed.GetValue(stream) is { } name ? $"&stream={Uri.EscapeDataString(name)}" : "";
            var changes = await server.GetAsync(
                string.Create(CultureInfo.InvariantCulture, $"/api/schema-changes?limit={parsed.GetValue(limit)}{filter}"),
                cancellationToken);
            if (choice.Json)
            {
                JsonOutput.Print(changes);
                return ExitCode.Success;
            }

            var table = new Table().Border(TableBorder.Rounded)
                .AddColumns("time", "stream", "field", "change", "from", "to", "decision", "first record", "detail");
            foreach (var change in changes.EnumerateArray())
            {
                table.AddRow(
                    TextTable.Cell(change, "at"), Markup.Escape(TextTable.Cell(change, "stream")),
                    Markup.Escape(TextTable.Cell(change, "field")), TextTable.Cell(change, "kind"),
                    TextTable.Cell(change, "oldType"), TextTable.Cell(change, "newType"), TextTable.Cell(change, "decision"),
                    change.TryGetProperty("position", out var at) && at.ValueKind == JsonValueKind.Object
                        ? Markup.Escape(LetterPosition.Of(at).ToString())
                        : "",
                    Markup.Escape(TextTable.Cell(change, "detail")));
            }

            AnsiConsole.Write(table);
            return ExitCode.Success;
        });
        return command;
    }
}
