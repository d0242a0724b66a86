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
                $"[bold]{TextTable.Cell(status, "project")}[/] target {TextTable.Cell(status, "target")}, {(server.IsRunning ? $"up at {server.Address}" : "not up")}");
            WriteStreams(status.GetProperty("streams"));
            WriteTopics(status.GetProperty("topics"));
            return ExitCode.Success;
        });
        return command;
    }

    private static void WriteStreams(JsonElement streams) => TextTable.Write(
        ["stream", "state", "records", "lag", "records/s", "dead letters", "last error"],
        streams.EnumerateArray().Select(stream => new[]
        {
            TextTable.Cell(stream, "name"), TextTable.Cell(stream, "state"),
            TextTable.Cell(stream, "records"), TextTable.Cell(stream, "lag"),
            stream.GetProperty("recordsPerSecond").GetDouble().ToString("N0", CultureInfo.InvariantCulture),
            TextTable.Cell(stream, "deadLetters"), TextTable.Cell(stream, "lastError"),
        }));

    private static void WriteTopics(JsonElement topics) => TextTable.Write(
        ["topic", "partitions", "records", "bytes"],
        topics.EnumerateArray().Select(topic => new[]
        {
            TextTable.Cell(topic, "name"), topic.GetProperty("partitions").GetArrayLength().ToString(CultureInfo.InvariantCulture),
            TextTable.Cell(topic, "records"), TextTable.Cell(topic, "bytes"),
        }));
}
