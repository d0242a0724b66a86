using Microsoft.Playwright;
using Tidemill.IntegrationTests.Api;
using static Microsoft.Playwright.Assertions;

namespace Tidemill.IntegrationTests.Console;

public sealed class TopicPagesTests(RunningServer server, Browser browser) : IClassFixture<RunningServer>, IClassFixture<Browser>
{
    [Fact]
    public async Task Record_is_appended_by_hand_found_by_sql_and_inspected()
    {
        var topic = await NewTopicAsync();
        await using var visit = await OpenAsync($"/topics/{topic}");
        var append = visit.Page.GetByRole(AriaRole.Region, new() { Name = "Append a record" });
        await append.Locator("[name=key]").FillAsync("till-3");
        await append.GetByLabel("Headers, one a line as name: value").FillAsync("source: till 3\ntrace: a:b");
        await append.Locator("[name=value]").FillAsync("""{"currency":"EUR","amount":12.5,"note":"<b>ü</b>"}""");
        await append.GetByRole(AriaRole.Button, new() { Name = "Append" }).ClickAsync();
        await Expect(visit.Page.Locator("#messages")).ToContainTextAsync($"Appended at {topic}/0/0.");
        await append.GetByLabel("Tombstone: no value").CheckAsync();
        await append.GetByRole(AriaRole.Button, new() { Name = "Append" }).ClickAsync();
        await Expect(visit.Page.Locator("#records")).ToContainTextAsync("(tombstone)", new() { Timeout = 10_000 });

        await visit.Page.GetByLabel("SQL").FillAsync("(value->>'currency') = 'EUR' AND (headers->>'source') = 'till 3'");
        await visit.Page.GetByLabel("SQL").PressAsync("Enter");
        await Expect(visit.Page.Locator("#found")).ToHaveTextAsync("1 record, newest first; all of them.");
        await visit.Page.Locator("#records").GetByRole(AriaRole.Link).ClickAsync();
        await Expect(visit.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync($"Record {topic}/0/0");
        await Expect(visit.Page.Locator("pre[aria-label='Value as JSON']")).ToContainTextAsync("\"note\": \"<b>ü</b>\"");
        await Expect(visit.Page.GetByRole(AriaRole.Row, new() { Name = "trace a:b" })).ToBeVisibleAsync();
        await visit.Page.GetByText("Bytes", new() { Exact = true }).ClickAsync();
        await Expect(visit.Page.GetByLabel("Bytes in hexadecimal")).ToContainTextAsync("7b 22 63 75");
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task Condition_that_is_wrong_is_explained_on_the_page()
    {
        var topic = await NewTopicAsync();
        await server.PostAsync($"/api/topics/{topic}/produce", """{"value":"{}"}""");
        await using var visit = await OpenAsync($"/topics/{topic}?where={Uri.EscapeDataString("sise > 1")}");
        await Expect(visit.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("size");
        await Expect(visit.Page.GetByLabel("SQL")).ToHaveValueAsync("sise > 1");
    }

    [Fact]
    public async Task Live_tail_follows_until_it_is_stopped()
    {
        var topic = await NewTopicAsync();
        await using var visit = await OpenAsync($"/topics/{topic}?text=yes");
        var follow = visit.Page.Locator("#follow");
        await follow.ClickAsync();
        await Expect(follow).ToHaveAttributeAsync("aria-pressed", "true");
        var tail = visit.Page.Locator("#tail tbody tr");
        // Records that come before the tail has begun are not shown: they are sent until one is.
        await RunningServer.UntilAsync(async () =>
        {
            await server.PostAsync($"/api/topics/{topic}/produce", """{"key":"a","value":"yes"}""");
            await server.PostAsync($"/api/topics/{topic}/produce", """{"key":"b","value":"no"}""");
            return await tail.CountAsync() > 0;
        }, "a record in the tail");
        Assert.DoesNotContain("no", await visit.Page.Locator("#tail").InnerTextAsync());
        await follow.PressAsync("Enter");
        await Expect(follow).ToHaveTextAsync("Follow");
        await Expect(visit.Page.Locator("#tail-state")).ToHaveTextAsync("Stopped.");
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task Group_is_previewed_before_it_is_set()
    {
        var topic = await NewTopicAsync();
        var group = "g-" + Guid.NewGuid().ToString("N");
        for (var i = 0; i < 7; i++) await server.PostAsync($"/api/topics/{topic}/produce", """{"value":"x"}""");
        await server.PostAsync($"/api/groups/{group}/positions", $$"""{"to":"latest","topic":"{{topic}}"}""");
        await using var visit = await OpenAsync("/topics");
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = group }).ClickAsync();
        await visit.Page.GetByLabel("To", new() { Exact = true }).FillAsync("-3");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Preview" }).ClickAsync();
        await Expect(visit.Page.Locator("#plan tbody tr")).ToHaveTextAsync($"{topic}07403");
        await Expect(visit.Page.Locator("#messages")).ToContainTextAsync("0 records skipped, 3 repeated.");
        Assert.Equal(0, (await server.GetAsync($"/api/groups/{group}")).GetProperty("lag").GetInt64());
        visit.Page.Dialog += (_, dialog) => _ = dialog.AcceptAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Set", Exact = true }).ClickAsync();
        await Expect(visit.Page.Locator("#positions tbody tr")).ToHaveTextAsync($"{topic}0473", new() { Timeout = 10_000 });
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task Stream_page_shows_stages_positions_and_errors_and_moves_a_paused_stream()
    {
        await server.PostAsync("/api/topics/orders/records", """{"id":123456789,"amount":1}""");
        await RunningServer.UntilAsync(
            async () => (await server.ScalarAsync("SELECT count(*) FROM orders WHERE id = 123456789")).GetInt64() == 1, "the row");
        await using var visit = await OpenAsync("/streams");
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "orders", Exact = true }).First.ClickAsync();
        await Expect(visit.Page.Locator("#stages")).ToContainTextAsync("transform");
        await Expect(visit.Page.Locator("#lag")).ToContainTextAsync("orders holds");
        await Expect(visit.Page.Locator("#errors")).ToContainTextAsync("None since the process started.");
        visit.Page.Dialog += (_, dialog) => _ = dialog.AcceptAsync();
        await visit.Page.GetByRole(
            AriaRole.Region, new() { Name = "Set positions" }).GetByLabel("To", new() { Exact = true }).FillAsync("earliest");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Set", Exact = true }).ClickAsync();
        await Expect(visit.Page.Locator("#messages")).ToContainTextAsync("Pause it first");
        await visit.Page.Locator("#pause").ClickAsync();
        await Expect(visit.Page.Locator("#now")).ToContainTextAsync("Paused", new() { Timeout = 10_000 });
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Set", Exact = true }).ClickAsync();
        await Expect(visit.Page.Locator("#lag")).ToContainTextAsync("up to 0", new() { Timeout = 10_000 });
        await visit.Page.Locator("#resume").ClickAsync();
        await Expect(visit.Page.Locator("#now")).ToContainTextAsync("Running", new() { Timeout = 10_000 });
    }

    [Fact]
    public async Task Range_is_planned_then_replayed_from_the_page_of_its_stream()
    {
        const string Count = "SELECT count(*) FROM orders WHERE id = 234567890";
        await server.PostAsync("/api/topics/orders/records", """{"id":234567890,"amount":2}""");
        await RunningServer.UntilAsync(async () => (await server.ScalarAsync(Count)).GetInt64() == 1, "the row");
        using (await server.SendAsync("/api/query", """{"sql":"DELETE FROM orders WHERE id = 234567890","readOnly":false}"""))
            Assert.Equal(0, (await server.ScalarAsync(Count)).GetInt64());

        await using var visit = await OpenAsync("/streams/orders");
        var form = visit.Page.GetByRole(AriaRole.Region, new() { Name = "Replay a range" });
        var plan = visit.Page.GetByRole(AriaRole.Region, new() { Name = "Replay plan" });
        await form.GetByLabel("From").FillAsync("yesterday");
        await form.GetByRole(AriaRole.Button, new() { Name = "Show the plan" }).ClickAsync();
        await Expect(visit.Page.Locator("#messages p.failed")).ToContainTextAsync("yesterday");
        await form.GetByLabel("From").FillAsync("0");
        await form.GetByRole(AriaRole.Button, new() { Name = "Show the plan" }).ClickAsync();
        await Expect(plan).ToContainTextAsync("read orders/");
        await Expect(plan).ToContainTextAsync("by its key: 1 new");
        Assert.Equal(0, (await server.ScalarAsync(Count)).GetInt64());

        // No to the question changes nothing, yes does what the plan said.
        var asked = new List<string>();
        visit.Page.Dialog += (_, dialog) =>
        {
            asked.Add(dialog.Message);
            _ = asked.Count == 1 ? dialog.DismissAsync() : dialog.AcceptAsync();
        };
        await form.GetByRole(AriaRole.Button, new() { Name = "Replay", Exact = true }).ClickAsync();
        Assert.Equal(0, (await server.ScalarAsync(Count)).GetInt64());
        await form.GetByRole(AriaRole.Button, new() { Name = "Replay", Exact = true }).ClickAsync();
        await Expect(visit.Page.Locator("#messages")).ToContainTextAsync("records run again, 1 rows written.");
        await Expect(plan).ToBeEmptyAsync();
        Assert.Equal(1, (await server.ScalarAsync(Count)).GetInt64());
        Assert.Equal(2, asked.Count);
        await Expect(visit.Page.Locator("#now")).ToContainTextAsync("Running", new() { Timeout = 10_000 });
    }

    private Task<Visit> OpenAsync(string path) => browser.OpenAsync(server.Host.Url, path, 1280, 900, ColorScheme.Light);

    private async Task<string> NewTopicAsync()
    {
        var name = "t-" + Guid.NewGuid().ToString("N");
        await server.PostAsync("/api/topics", $$"""{"name":"{{name}}"}""");
        return name;
    }
}
