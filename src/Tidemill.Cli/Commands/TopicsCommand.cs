using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Spectre.Console;
using Tidemill.Core.Errors;

namespace Tidemill.Cli.Commands;

/// <summary><c>tidemill topics</c>: what there is, its records, append one, make and delete.</summary>
internal static class TopicsCommand
{
    public static Command Create() => new("topics", "Topics: list, show, search records, append one, make, delete.")
    {
        List(), Show(), Records(), Produce(), Make(), Delete(),
    };

    private static Command List()
    {
        var command = new Command("list", "All topics with their partitions, records and sizes.");
        command.OnServer(new ProjectOptions(), async (_, choice, server, cancellationToken) =>
        {
            var topics = await server.GetAsync("/api/topics", cancellationToken);
            JsonOutput.PrintOr(choice, topics, () => TextTable.Write(
                ["topic", "partitions", "records", "bytes"],
                topics.EnumerateArray().Select(t => new[]
                {
                    TextTable.Cell(t, "name"), t.GetProperty("partitions").GetArrayLength().ToString(CultureInfo.InvariantCulture),
                    TextTable.Cell(t, "records"), TextTable.Cell(t, "bytes"),
                })));
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Show()
    {
        var name = Name();
        var command = new Command("show", "A topic's partitions, settings, groups and streams.") { name };
        command.OnServer(new ProjectOptions(), async (parsed, choice, server, cancellationToken) =>
        {
            var detail = await server.GetAsync(Path(parsed.GetValue(name)!), cancellationToken);
            JsonOutput.PrintOr(choice, detail, () =>
            {
                TextTable.Write(
                    ["partition", "earliest", "next", "bytes", "leader", "replicas"],
                    detail.GetProperty("topic").GetProperty("partitions").EnumerateArray().Select(p => new[]
                    {
                        TextTable.Cell(p, "partition"), TextTable.Cell(p, "earliest"),
                        TextTable.Cell(p, "next"), TextTable.Cell(p, "bytes"),
                        p.TryGetProperty("replicas", out var r) ? TextTable.Cell(r, "leader") : "",
                        p.TryGetProperty("replicas", out r) ? TextTable.Cell(r, "brokers") : "",
                    }));
                TextTable.Write(
                    ["group", "state", "members", "lag"],
                    detail.GetProperty("groups").EnumerateArray().Select(g => new[]
                    {
                        TextTable.Cell(g, "name"), TextTable.Cell(g, "state"), TextTable.Cell(g, "members"), TextTable.Cell(g, "lag"),
                    }));
            });
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Records()
    {
        var name = Name();
        var partition = new Option<int?>("--partition") { Description = "Only this partition." };
        var from = new Option<string?>("--from") { Description = "earliest, latest, an offset, a shift (-100) or a time; default: the newest records, newest first." };
        var key = new Option<string?>("--key") { Description = "Records of this key." };
        var text = new Option<string?>("--text") { Description = "Records whose key or value contains it." };
        var where = new Option<string?>("--where") { Description = "A SQL condition: partition, \"offset\", timestamp, key, text, value (JSON), headers (JSON), size." };
        var limit = new Option<int>("--limit") { Description = "Most records shown.", DefaultValueFactory = _ => 20 };
        var scan = new Option<int?>("--scan") { Description = "Most records looked at; default 10,000, at most 100,000." };
        var command = new Command("records", "Search a topic's records.") { name, partition, from, key, text, where, limit, scan };
        command.OnServer(new ProjectOptions(), async (parsed, choice, server, cancellationToken) =>
        {
            var query = Query(
                ("partition", parsed.GetValue(partition)), ("from", parsed.GetValue(from)),
                ("key", parsed.GetValue(key)), ("text", parsed.GetValue(text)),
                ("where", parsed.GetValue(where)), ("limit", parsed.GetValue(limit)), ("scan", parsed.GetValue(scan)));
            var page = await server.GetAsync($"{Path(parsed.GetValue(name)!)}/search?{query}", cancellationToken);
            JsonOutput.PrintOr(choice, page, () =>
            {
                TextTable.Write(
                    ["position", "time", "key", "value"],
                    page.GetProperty("records").EnumerateArray().Select(r => new[]
                    {
                        $"{TextTable.Cell(r, "partition")}/{TextTable.Cell(r, "offset")}", TextTable.Cell(r, "timestamp"),
                        Bytes(r, "key"), Bytes(r, "value"),
                    }));
                if (!page.GetProperty("complete").GetBoolean())
                    Terminal.Errors.MarkupLineInterpolated($"[grey]{TextTable.Cell(page, "scanned")} records looked at; there may be more ({TextTable.Cell(page, "ended")}).[/]");
            });
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Produce()
    {
        var name = Name();
        var value = new Argument<string?>("VALUE") { Description = "The value as text; left out: a tombstone.", Arity = ArgumentArity.ZeroOrOne };
        var key = new Option<string?>("--key") { Description = "The key as text." };
        var header = new Option<string[]>("--header")
        {
            Description = "NAME=VALUE; may stand several times.",
            AllowMultipleArgumentsPerToken = false,
        };
        var partition = new Option<int?>("--partition") { Description = "Default: by key, or in turn." };
        var command = new Command("produce", "Append one record.") { name, value, key, header, partition };
        command.OnServer(new ProjectOptions(), async (parsed, choice, server, cancellationToken) =>
        {
            var headers = (parsed.GetValue(header) ?? []).Select(h => h.Split('=', 2))
                .ToDictionary(h => h[0], h => h.Length > 1 ? h[1] : null);
            var answer = await server.PostAsync(
                $"{Path(parsed.GetValue(name)!)}/produce",
                new { key = parsed.GetValue(key), value = parsed.GetValue(value), headers, partition = parsed.GetValue(partition) },
                cancellationToken);
            JsonOutput.PrintOr(
                choice, answer, () => AnsiConsole.MarkupLineInterpolated($"appended at {TextTable.Cell(answer, "position")}"));
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Make()
    {
        var name = Name();
        var partitions = new Option<int>("--partitions") { DefaultValueFactory = _ => 1, Description = "Partitions." };
        var replicas = new Option<int>("--replicas") { DefaultValueFactory = _ => 1, Description = "Replicas; ignored by the embedded log." };
        var command = new Command("create", "Make a topic.") { name, partitions, replicas };
        command.OnServer(new ProjectOptions(), async (parsed, choice, server, cancellationToken) =>
        {
            var topic = await server.PostAsync(
                "/api/topics",
                new
                {
                    name = parsed.GetValue(name),
                    partitions = parsed.GetValue(partitions),
                    replicationFactor = parsed.GetValue(replicas),
                },
                cancellationToken);
            JsonOutput.PrintOr(choice, topic, () => AnsiConsole.MarkupLineInterpolated($"{TextTable.Cell(topic, "name")} is there"));
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Delete()
    {
        var name = Name();
        var yes = new Option<bool>("--yes") { Description = "Needed: the records are gone for good." };
        var command = new Command("delete", "Delete a topic with its records.") { name, yes };
        command.OnServer(new ProjectOptions(), async (parsed, choice, server, cancellationToken) =>
        {
            var topic = parsed.GetValue(name)!;
            if (!parsed.GetValue(yes))
                throw new TidemillException(ErrorCode.InvalidRequest, $"Topic {topic} and its records would be gone for good. Say --yes.");

            await server.DeleteAsync(Path(topic), cancellationToken);
            JsonOutput.PrintOr(
                choice, JsonSerializer.SerializeToElement(new { deleted = topic }, JsonOutput.Options),
                () => AnsiConsole.MarkupLineInterpolated($"{topic} is deleted"));
            return ExitCode.Success;
        });
        return command;
    }

    private static Argument<string> Name() => new("TOPIC") { Description = "The topic." };

    private static string Path(string topic) => $"/api/topics/{Uri.EscapeDataString(topic)}";

    private static string Query(params (string Name, object? Value)[] parameters) => string.Join('&', parameters
        .Where(p => p.Value is not null).Select(p => $"{p.Name}={Uri.EscapeDataString(Convert.ToString(p.Value, CultureInfo.InvariantCulture)!)}"));

    private static string Bytes(JsonElement record, string name) =>
        !record.TryGetProperty(name, out var bytes) ? name == "value" ? "(tombstone)" : ""
        : bytes.TryGetProperty("text", out var text) ? text.GetString()! : $"{TextTable.Cell(bytes, "length")} bytes";
}
