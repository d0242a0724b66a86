using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace Tidemill.Cli.Commands;

/// <summary><c>tidemill status</c>: streams, topics and warehouse as they stand.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var command = new Command("status", "Show streams, topics and the warehouse.");
        command.OnServer(new ProjectOptions(), async (_, choice, server, cancellationToken) =>
        {
            var status = await server.GetAsync("/api/status", cancellationToken);
            if (choice.Json)
            {
                JsonOutput.Print(status);
                return ExitCode.Success;
            }

            AnsiConsole.MarkupLineInterpolated(
                $"[bold]{Text(status, "project")}[/] target {Text(status, "target")}, {(server.IsRunning ? $"up at {server.Address}" : "not up")}");
            WriteStreams(status.GetProperty("streams"));
            WriteTopics(status.GetProperty("topics"));
            return ExitCode.Success;
        });
        return command;
    }

    private static void WriteStreams(JsonElement streams)
    {
        if (streams.GetArrayLength() == 0)
        {
            return;
        }

        var table = new Table().Border(TableBorder.Rounded).AddColumns("stream", "state", "records", "lag", "records/s", "dead letters", "last error");
        foreach (var stream in streams.EnumerateArray())
        {
            table.AddRow(
                Markup.Escape(Text(stream, "name")), Text(stream, "state"), Text(stream, "records"), Text(stream, "lag"),
                stream.GetProperty("recordsPerSecond").GetDouble().ToString("N0", CultureInfo.InvariantCulture),
                Text(stream, "deadLetters"), Markup.Escape(Text(stream, "lastError")));
        }

        AnsiConsole.Write(table);
    }

    private static void WriteTopics(JsonElement topics)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumns("topic", "partitions", "records", "bytes");
        foreach (var topic in topics.EnumerateArray())
        {
            table.AddRow(
                Markup.Escape(Text(topic, "name")),
                topic.GetProperty("partitions").GetArrayLength().ToString(CultureInfo.InvariantCulture),
                Text(topic, "records"), Text(topic, "bytes"));
        }

        AnsiConsole.Write(table);
    }

    private static string Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value.ToString() : "";
}
