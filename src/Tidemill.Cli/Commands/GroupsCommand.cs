using System.CommandLine;
using System.Text.Json;
using Spectre.Console;

namespace Tidemill.Cli.Commands;

/// <summary><c>tidemill groups</c> and <c>tidemill streams</c>: how far readers have come, and setting it by plan.</summary>
internal static class GroupsCommand
{
    public static Command CreateGroups() => new("groups", "Consumer groups: list, show, reset.")
    {
        List("list", "Consumer groups with members and lag.", "/api/groups", ["name", "state", "lag", "stream"]),
        Show("show", "A group's positions and lag.", "GROUP", "/api/groups/", WriteGroup),
        Reset("Set a group's positions; the group must have no members.", "GROUP", "/api/groups/", withTopic: true),
    };

    public static Command CreateStreams() => new("streams", "Streams: list, show, pause, resume, reset.")
    {
        List("list", "Streams that run in the server.", "/api/streams", ["name", "state", "records", "lag", "deadLetters", "lastError"]),
        Show("show", "A stream's positions by partition and sink.", "STREAM", "/api/streams/", WriteStream),
        Act("pause", "Hold a stream's reading."),
        Act("resume", "Let a paused stream read on."),
        Reset("Move the checkpoints of a stream's sinks; the stream must be paused.", "STREAM", "/api/streams/", withTopic: false),
    };

    private static Command List(string name, string description, string path, string[] columns)
    {
        var command = new Command(name, description);
        command.OnServer(new ProjectOptions(), async (_, choice, server, cancellationToken) =>
        {
            var rows = await server.GetAsync(path, cancellationToken);
            JsonOutput.PrintOr(choice, rows, () => TextTable.Write(
                [.. columns.Select(TextTable.Title)],
                rows.EnumerateArray().Select(r => columns.Select(c => TextTable.Cell(r, c)).ToArray())));
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Show(string name, string description, string what, string path, Action<JsonElement> write)
    {
        var of = new Argument<string>(what) { Description = "Its name." };
        var command = new Command(name, description) { of };
        command.OnServer(new ProjectOptions(), async (parsed, choice, server, cancellationToken) =>
        {
            var answer = await server.GetAsync(path + Uri.EscapeDataString(parsed.GetValue(of)!), cancellationToken);
            JsonOutput.PrintOr(choice, answer, () => write(answer));
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Act(string verb, string description)
    {
        var of = new Argument<string>("STREAM") { Description = "Its name." };
        var command = new Command(verb, description) { of };
        command.OnServer(new ProjectOptions(), async (parsed, choice, server, cancellationToken) =>
        {
            var stream = parsed.GetValue(of)!;
            await server.ActAsync($"/api/streams/{Uri.EscapeDataString(stream)}/{verb}", cancellationToken);
            JsonOutput.PrintOr(
                choice,
                JsonSerializer.SerializeToElement(new { stream, done = verb }, JsonOutput.Options),
                () => AnsiConsole.MarkupLineInterpolated($"{stream}: {verb}d"));
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Reset(string description, string what, string path, bool withTopic)
    {
        var of = new Argument<string>(what) { Description = "Its name." };
        var to = new Option<string>(
            "--to")
        { Description = "earliest, latest, an offset, a shift (=-100, =+100) or a time.", Required = true };
        var topic = new Option<string?>("--topic") { Description = "Only this topic; needed for a group without positions." };
        var partition = new Option<int?>("--partition") { Description = "Only this partition." };
        var apply = new Option<bool>("--apply") { Description = "Do it; without it the plan is shown." };
        var command = new Command("reset", description) { of, to, partition, apply };
        if (withTopic)
            command.Options.Add(topic);

        command.OnServer(new ProjectOptions(), async (parsed, choice, server, cancellationToken) =>
        {
            var done = parsed.GetValue(apply);
            var plan = await server.PostAsync(
                $"{path}{Uri.EscapeDataString(parsed.GetValue(of)!)}/{(done ? "positions" : "plan")}",
                new { to = parsed.GetValue(to), topic = withTopic ? parsed.GetValue(topic) : null, partition = parsed.GetValue(partition) },
                cancellationToken);
            JsonOutput.PrintOr(choice, plan, () => WritePlan(plan, done));
            return plan.TryGetProperty("refusal", out _) ? ExitCode.Failed : ExitCode.Success;
        });
        return command;
    }

    private static void WritePlan(JsonElement plan, bool done)
    {
        TextTable.Write(
            [.. plan.GetProperty("columns").EnumerateArray().Select(c => c.GetString()!.ToLowerInvariant())],
            plan.GetProperty("rows").EnumerateArray().Select(r => r.EnumerateArray().Select(c => c.GetString() ?? "").ToArray()));
        AnsiConsole.MarkupLineInterpolated($"{TextTable.Cell(plan, "summary")} {(done ? "Set." : "Nothing is set yet: --apply does it.")}");
    }

    private static void WriteGroup(JsonElement group) => TextTable.Write(
        ["topic", "partition", "committed", "next", "lag"],
        group.GetProperty("positions").EnumerateArray().Select(p => new[]
        {
            TextTable.Cell(p, "topic"),
            TextTable.Cell(p, "partition"), TextTable.Cell(p, "committed"), TextTable.Cell(p, "next"), TextTable.Cell(p, "lag"),
        }));

    private static void WriteStream(JsonElement stream)
    {
        var partitions = stream.GetProperty("partitions");
        TextTable.Write(
            ["partition", "earliest", "next", "sink", "holds up to", "lag"],
            partitions.EnumerateArray().SelectMany(p => p.GetProperty("sinks").EnumerateArray().Select(s => new[]
            {
                TextTable.Cell(p, "partition"), TextTable.Cell(p, "earliest"), TextTable.Cell(p, "next"), TextTable.Cell(s, "sink"),
                IsUnknown(s) ? "unknown" : TextTable.Cell(s, "held"), IsUnknown(s) ? "unknown" : TextTable.Cell(s, "lag"),
            })));
        var problems = partitions.EnumerateArray().Take(1).SelectMany(p => p.GetProperty("sinks").EnumerateArray().Where(IsUnknown))
            .Select(s => $"{TextTable.Cell(s, "sink")}: {TextTable.Cell(s, "error")}")
            .Concat(stream.TryGetProperty("problem", out var problem) ? [problem.GetString()!] : []);
        foreach (var unknown in problems)
            AnsiConsole.MarkupLineInterpolated($"Not known now: {unknown}");
    }

    private static bool IsUnknown(JsonElement sink) =>
        sink.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.String;
}
