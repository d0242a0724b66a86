using System.Text.Json;
using Tidemill.Core.Configuration;
using Tidemill.IntegrationTests.Crash;

namespace Tidemill.IntegrationTests.Cli;

/// <summary>The commands as a user types them, on a project that <c>init</c> made, with and without a running server.</summary>
public sealed class CommandLineTests : IDisposable
{
    private static readonly Dictionary<string, string> Nothing = [];
    private readonly string _folder = Path.Combine(Directory.CreateTempSubdirectory("tidemill-cli-").FullName, "shop");

    [Fact]
    public async Task A_new_project_runs_and_every_command_works_with_the_server_up_and_down()
    {
        await SucceedsAsync("init", _folder);
        Assert.Contains("2 streams", await SucceedsAsync("check", "--project", _folder), StringComparison.Ordinal);
        Assert.Equal(2, (await RunAsync("init", _folder)).ExitCode);

        await CommandsWorkAsync(expected: 300);
        await using (var up = TidemillProcess.Start(Nothing, "up", _folder, "--port", "0", "--no-workflows", "--json"))
        {
            var url = await up.ReadyAsync(DataFolder.For(_folder));
            Assert.Equal(url, new Uri(JsonSerializer.Deserialize<JsonElement>(up.Output).GetProperty("url").GetString()!));
            await CommandsWorkAsync(expected: 600);
            var second = await RunAsync("up", _folder, "--port", "0");
            Assert.Equal(3, second.ExitCode);
            Assert.Contains("DataFolderLocked", second.Output, StringComparison.Ordinal);
            Assert.Equal(0, await up.InterruptAsync());
        }

        await CommandsWorkAsync(expected: 900);
    }

    [Fact]
    public async Task Settings_of_a_container_reach_up_and_every_command()
    {
        await SucceedsAsync("init", _folder);
        var data = Path.Combine(Path.GetDirectoryName(_folder)!, "data");
        var container = new Dictionary<string, string>
        {
            ["TIDEMILL_TARGET"] = "dev",
            ["TIDEMILL_DATA"] = data,
            ["TIDEMILL_TOKEN"] = "a-token-of-twenty-four",
        };
        await using var up = TidemillProcess.Start(container, "up", _folder, "--address", "0.0.0.0", "--port", "0", "--no-workflows");
        await up.ReadyAsync(DataFolder.For(_folder, data));
        var status = await TidemillProcess.RunAsync(container, "status", "--project", _folder);
        Assert.Contains("up at http://127.0.0.1:", status.Output, StringComparison.Ordinal);
        container["TIDEMILL_TOKEN"] = "";
        var refused = await TidemillProcess.RunAsync(container, "status", "--project", _folder);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("TIDEMILL_TOKEN", refused.Output, StringComparison.Ordinal);
        Assert.Equal(0, await up.InterruptAsync());
    }

    [Fact]
    public async Task Topics_and_groups_are_looked_at_and_changed_from_the_command_line()
    {
        await SucceedsAsync("init", _folder);
        string[] project = ["--project", _folder];
        await SucceedsAsync(["topics", "create", "notes", "--partitions", "2", .. project]);
        await SucceedsAsync(
            ["topics", "produce", "notes", """{"n":1}""", "--key", "a", "--header", "from=here", "--partition", "0", .. project]);
        await SucceedsAsync(["topics", "produce", "notes", "--key", "a", "--partition", "0", .. project]);
        var found = JsonSerializer.Deserialize<JsonElement>(
            await SucceedsAsync(["topics", "records", "notes", "--where", "(headers->>'from') = 'here'", "--json", .. project]));
        Assert.Equal("""{"n":1}""", found.GetProperty("records")[0].GetProperty("value").GetProperty("text").GetString());
        Assert.Contains("(tombstone)", await SucceedsAsync(["topics", "records", "notes", .. project]), StringComparison.Ordinal);
        Assert.Contains(
            "Nothing is set yet",
            await SucceedsAsync(["groups", "reset", "mine", "--to", "latest", "--topic", "notes", .. project]),
            StringComparison.Ordinal);
        await SucceedsAsync(["groups", "reset", "mine", "--to", "latest", "--topic", "notes", "--apply", .. project]);
        await SucceedsAsync(["groups", "reset", "mine", "--to=-1", "--partition", "0", "--apply", .. project]);
        var group = JsonSerializer.Deserialize<JsonElement>(await SucceedsAsync(["groups", "show", "mine", "--json", .. project]));
        Assert.Equal(1, group.GetProperty("lag").GetInt64());
        Assert.Contains("mine", await SucceedsAsync(["groups", "list", .. project]), StringComparison.Ordinal);
        Assert.Contains("notes", await SucceedsAsync(["topics", "list", .. project]), StringComparison.Ordinal);
        Assert.Contains("mine", await SucceedsAsync(["topics", "show", "notes", .. project]), StringComparison.Ordinal);
        Assert.Equal(2, (await RunAsync(["topics", "delete", "notes", .. project])).ExitCode);
        await SucceedsAsync(["topics", "delete", "notes", "--yes", .. project]);
        Assert.Equal(2, (await RunAsync(["topics", "show", "notes", .. project])).ExitCode);

        await SucceedsAsync(["generate", "--count", "50", .. project]);
        await SucceedsAsync(["run", "stream", "events", .. project]);
        Assert.Contains(
            "50 repeated",
            await SucceedsAsync(["streams", "reset", "events", "--to", "earliest", "--apply", .. project]),
            StringComparison.Ordinal);
        var stream = JsonSerializer.Deserialize<JsonElement>(await SucceedsAsync(["streams", "show", "events", "--json", .. project]));
        Assert.Equal(50, stream.GetProperty("partitions").EnumerateArray().Sum(p => p.GetProperty("lag").GetInt64()));
        await SucceedsAsync(["run", "stream", "events", .. project]);
        await SucceedsAsync(["verify", .. project]);
    }

    [Fact]
    public async Task Dead_letters_are_edited_replayed_and_discarded_and_a_range_is_run_again()
    {
        await SucceedsAsync("init", _folder);
        var file = Path.Combine(_folder, "streams", "events.yaml");
        await File.WriteAllTextAsync(file, "on_drift: evolve\n"
            + (await File.ReadAllTextAsync(file)).Replace("source:", "dead_letters: {topic: broken}\nsource:", StringComparison.Ordinal));
        string[] stream = ["--project", _folder, "--stream", "events"];
        await SucceedsAsync("generate", "--project", _folder, "--count", "1000");
        await SucceedsAsync("run", "stream", "events", "--project", _folder);
        var listed = JsonSerializer.Deserialize<JsonElement>(await SucceedsAsync(["dead-letters", "list", .. stream, "--json"]));
        var open = listed.GetProperty("open").GetInt32();
        Assert.InRange(open, 2, 100);
        var first = listed.GetProperty("letters")[0];
        var position = $"{first.GetProperty("topic")}/{first.GetProperty("partition")}/{first.GetProperty("offset")}";
        Assert.Contains("DecodeFailed", await SucceedsAsync(["dead-letters", "show", .. stream, position]), StringComparison.Ordinal);
        Assert.NotEqual(0, (await RunAsync(["dead-letters", "edit", .. stream, position, "--value", "{}"])).ExitCode);
        var mended =
            """{"event_id":"7f000000-0000-0000-0000-000000000001","user_id":"7f000000-0000-0000-0000-000000000002","kind":"click","occurred_at":"2026-01-01T00:00:00Z"}""";
        Assert.Contains(
            "Kept", await SucceedsAsync(["dead-letters", "edit", .. stream, position, "--value", mended]), StringComparison.Ordinal);
        Assert.Contains(
            "1 replayed, 0 still fail", await SucceedsAsync(["dead-letters", "replay", .. stream, position]), StringComparison.Ordinal);
        Assert.Contains(
            $"{open - 1} discarded", await SucceedsAsync(["dead-letters", "discard", .. stream, "--all"]), StringComparison.Ordinal);

        var plan = JsonSerializer.Deserialize<JsonElement>(await SucceedsAsync(["replay", .. stream, "--json"]));
        Assert.Equal("ByKey", plan.GetProperty("sinks")[0].GetProperty("method").GetString());
        Assert.Equal(2, (await RunAsync(["replay", .. stream])).ExitCode);
        Assert.Contains(
            $"{1000 - open + 1} records run again, 0 rows written",
            await SucceedsAsync(["replay", .. stream, "--yes"]),
            StringComparison.Ordinal);
        Assert.Equal(
            JsonValueKind.Array,
            JsonSerializer.Deserialize<JsonElement>(await SucceedsAsync(["schema-changes", .. stream, "--json"])).ValueKind);
        await SucceedsAsync("verify", "--project", _folder);
    }

    [Fact]
    public async Task Errors_of_a_project_come_at_once_with_their_places_and_exit_code_1()
    {
        await SucceedsAsync("init", _folder);
        await File.WriteAllTextAsync(Path.Combine(_folder, "streams", "events.yaml"), """
            source: { topc: events }
            decode:
              fields: { id: integr }
            sinks:
              - warehouse: { table: events }
            """);
        await File.WriteAllTextAsync(Path.Combine(_folder, "streams", "sums.yaml"), """
            source: { topic: events }
            decode:
              fields: { id: integer }
            transform: SELECT sum(idd) AS total FROM batch
            sinks:
              - warehouse: { table: sums }
            """);
        await File.WriteAllTextAsync(Path.Combine(_folder, "models", "broken.sql"), "SELECT * FROM {{ ref('evnts_clean') }}");
        var check = await RunAsync("check", "--project", _folder);
        Assert.Equal(1, check.ExitCode);
        Assert.Contains("streams/sums.yaml:4", check.Output, StringComparison.Ordinal);
        Assert.Contains("models/broken.sql", check.Output, StringComparison.Ordinal);
        Assert.Contains("streams/events.yaml:1", check.Output, StringComparison.Ordinal);
        Assert.Contains("topic", check.Output, StringComparison.Ordinal);
        Assert.Contains("streams/events.yaml:3", check.Output, StringComparison.Ordinal);
        var up = await RunAsync("up", _folder, "--port", "0");
        Assert.Equal(1, up.ExitCode);
    }

    [Fact]
    public async Task A_worker_is_refused_where_processes_cannot_share_the_target_and_says_what_would_do()
    {
        await SucceedsAsync("init", _folder);
        var worker = await RunAsync("worker", "--project", _folder);
        Assert.Equal(1, worker.ExitCode);
        Assert.Contains("targets.dev.log", worker.Output, StringComparison.Ordinal);
        Assert.Contains("targets.dev.warehouse", worker.Output, StringComparison.Ordinal);
        Assert.Contains("type: kafka", worker.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Arguments_that_make_no_sense_exit_with_2_and_a_missing_name_says_what_there_is()
    {
        await SucceedsAsync("init", _folder);
        Assert.Equal(2, (await RunAsync("querry")).ExitCode);
        Assert.Equal(2, (await RunAsync("query")).ExitCode);
        var unknown = await RunAsync("run", "stream", "evnts", "--project", _folder);
        Assert.Equal(2, unknown.ExitCode);
        Assert.Contains("events", unknown.Output, StringComparison.Ordinal);
        var forbidden = await RunAsync("query", "DROP TABLE events", "--project", _folder);
        Assert.NotEqual(0, forbidden.ExitCode);
    }

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_folder)!, recursive: true);

    private async Task CommandsWorkAsync(long expected)
    {
        await SucceedsAsync("generate", "--count", "300", "--project", _folder);
        await SucceedsAsync("run", "stream", "events", "--project", _folder);
        var verified = JsonSerializer.Deserialize<JsonElement>(await SucceedsAsync("verify", "--project", _folder, "--json"));
        Assert.True(verified[0].GetProperty("records").GetInt64() >= expected);
        await SucceedsAsync("run", "model", "--project", _folder);
        await SucceedsAsync("run", "workflow", "refresh", "--project", _folder);
        var nothing = await SucceedsAsync("query", "SELECT '' AS empty, NULL AS nothing", "--format", "csv", "--project", _folder);
        Assert.Contains("empty,nothing\n\"\",\n", nothing.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        var csv = await SucceedsAsync("query", "SELECT sum(events) AS n FROM events_by_hour", "--format", "csv", "--project", _folder);
        var lines = csv.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("n", lines[0]);
        Assert.InRange(long.Parse(lines[1], null), expected * 9 / 10, long.MaxValue);
        var empty = await SucceedsAsync("query", "SELECT '' AS e, NULL AS n, 'a' AS a", "--format", "csv", "--project", _folder);
        Assert.Equal("e,n,a\n\"\",,a", empty.ReplaceLineEndings("\n").TrimEnd());
        var status = JsonSerializer.Deserialize<JsonElement>(await SucceedsAsync("status", "--project", _folder, "--json"));
        Assert.Equal("shop", status.GetProperty("project").GetString());
        Assert.Contains("ok", await SucceedsAsync("doctor", "--project", _folder), StringComparison.Ordinal);
    }

    private static async Task<string> SucceedsAsync(params string[] arguments)
    {
        var run = await RunAsync(arguments);
        Assert.True(run.ExitCode == 0, $"tidemill {string.Join(' ', arguments)} ended with {run.ExitCode}: {run.Output}");
        return run.Output;
    }

    private static Task<(int ExitCode, string Output)> RunAsync(params string[] arguments) => TidemillProcess.RunAsync(Nothing, arguments);
}
