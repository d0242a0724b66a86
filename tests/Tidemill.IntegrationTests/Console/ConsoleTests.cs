using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Tidemill.IntegrationTests.Api;
using static Microsoft.Playwright.Assertions;

namespace Tidemill.IntegrationTests.Console;

public sealed class ConsoleTests(RunningServer server, Browser browser) : IClassFixture<RunningServer>, IClassFixture<Browser>
{
    private const string LongGroup = "a-group-with-a-name-longer-than-a-phone-is-wide";

    private static readonly string[] Pages =
    [
        "/", "/streams", "/streams/orders",
        "/topics", "/topics/orders", "/topics/orders?partition=0&from=earliest&where=size%20%3E%200", "/topics/orders/0/0",
        "/groups/tidemill.shop.orders", "/groups/by-hand", $"/groups/{LongGroup}", "/dead-letters", "/workflows", "/query", "/search",
    ];

    private static int _nextId = Random.Shared.Next(1_000_000, 900_000_000);

    [Fact]
    public async Task Overview_shows_numbers_that_grow_without_a_reload()
    {
        await SendOrdersAsync(5);
        await using var visit = await OpenAsync("/");
        var stored = visit.Page.Locator(".tile", new PageLocatorOptions { HasText = "Orders stored" }).Locator("dd");
        var before = (await server.ScalarAsync("SELECT count(*) FROM orders")).GetInt64();
        await Expect(stored).ToHaveTextAsync(before.ToString("N0", CultureInfo.InvariantCulture), new() { Timeout = 15_000 });
        await visit.Page.EvaluateAsync("window.stillTheSamePage = true");
        await SendOrdersAsync(7);
        await Expect(stored).ToHaveTextAsync((before + 7).ToString("N0", CultureInfo.InvariantCulture), new() { Timeout = 15_000 });
        Assert.True(await visit.Page.EvaluateAsync<bool>("window.stillTheSamePage === true"));
        await Expect(visit.Page.Locator("#chart-0 canvas")).ToBeVisibleAsync();
        await Expect(visit.Page.Locator(".spark-line")).ToHaveCountAsync(1, new() { Timeout = 10_000 });
        Assert.Empty(visit.Errors);
    }

    [Theory]
    [InlineData("/query?sql=SELECT%2042%20AS%20answer")]
    [InlineData("/topics/orders?where=size%20%3E%200")]
    public async Task What_somebody_asked_for_is_not_asked_again_by_the_page(string address)
    {
        await SendOrdersAsync(1);
        await using var visit = await OpenAsync("/streams");
        List<string> requests = [];
        visit.Page.Request += (_, request) => requests.Add(new Uri(request.Url).PathAndQuery);
        await visit.Page.GotoAsync(address);
        var path = address.Split('?')[0];
        await RunningServer.UntilAsync(
            () => Task.FromResult(requests.ToArray().Count(r => r == path) > 2), "the page to refresh its other regions");
        Assert.Single(requests.ToArray(), r => r == address);
    }

    [Fact]
    public async Task A_label_that_is_markup_stays_text_in_a_charts_tooltip()
    {
        await SendOrdersAsync(1);
        await using var visit = await OpenAsync("/");
        await Expect(visit.Page.Locator("#chart-0 canvas")).ToBeVisibleAsync(new() { Timeout = 15_000 });
        var tooltip = await visit.Page.EvaluateAsync<string>("""
            () => {
              const chart = echarts.getInstanceByDom(document.querySelector("#chart-0 [_echarts_instance_], #chart-0[_echarts_instance_]"));
              const point = { axisValueLabel: "<form data-api=1>", marker: "", seriesName: "<img src=x>", value: [0, 1] };
              return chart.getOption().tooltip[0].formatter([point]);
            }
            """);
        Assert.Contains("&lt;form data-api=1&gt;", tooltip);
        Assert.Contains("&lt;img src=x&gt;", tooltip);
    }

    [Fact]
    public async Task Dark_mode_follows_the_system_and_the_toggle_is_remembered()
    {
        await using var dark = await OpenAsync("/streams", scheme: ColorScheme.Dark);
        Assert.True(await BrightnessAsync(dark.Page) < 60);
        await dark.Page.GetByRole(AriaRole.Button, new() { Name = "Switch between light and dark" }).ClickAsync();
        Assert.True(await BrightnessAsync(dark.Page) > 200);
        await dark.Page.ReloadAsync();
        Assert.True(await BrightnessAsync(dark.Page) > 200);
        await using var light = await OpenAsync("/streams");
        Assert.True(await BrightnessAsync(light.Page) > 200);
    }

    [Fact]
    public async Task No_page_scrolls_sideways_on_a_phone()
    {
        await PrepareAsync();
        await using var visit = await OpenAsync("/", width: 360, height: 740);
        foreach (var path in Pages)
        {
            await visit.Page.GotoAsync(path);
            Assert.True(
                await visit.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= 360"), $"{path} is wider than 360 px.");
            await visit.Page.GetByText("Menu", new() { Exact = true }).ClickAsync();
            await visit.Page.Locator(".menu").GetByRole(AriaRole.Link, new() { Name = "Topics" }).ClickAsync();
            await Expect(visit.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Topics");
        }
    }

    [Fact]
    public async Task Keyboard_alone_skips_navigates_and_acts()
    {
        await using var visit = await OpenAsync("/");
        await visit.Page.Keyboard.PressAsync("Tab");
        Assert.Equal("Skip to content", await FocusedAsync(visit.Page, "textContent"));
        await visit.Page.Keyboard.PressAsync("Enter");
        Assert.Equal("content", await FocusedAsync(visit.Page, "id"));
        await visit.Page.GotoAsync("/");
        for (var presses = 0; await FocusedAsync(visit.Page, "textContent") != "Streams"; presses++)
        {
            Assert.True(presses < 10, "The Streams link is not among the first stops of the Tab key.");
            await visit.Page.Keyboard.PressAsync("Tab");
        }

        Assert.NotEqual("none", await visit.Page.EvaluateAsync<string>("getComputedStyle(document.activeElement).outlineStyle"));
        await visit.Page.Keyboard.PressAsync("Enter");
        await Expect(visit.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Streams");
        await visit.Page.Locator("#pause-orders").FocusAsync();
        await visit.Page.Keyboard.PressAsync("Enter");
        await Expect(visit.Page.Locator("#resume-orders")).ToBeVisibleAsync(new() { Timeout = 10_000 });
        await visit.Page.Locator("#resume-orders").ClickAsync();
        await Expect(visit.Page.Locator("#pause-orders")).ToBeVisibleAsync(new() { Timeout = 10_000 });
    }

    [Fact]
    public async Task Dead_letter_is_inspected_mended_and_replayed()
    {
        var id = await SendBrokenOrderAsync();
        await using var visit = await OpenAsync("/dead-letters");
        await visit.Page.GetByRole(AriaRole.Row).Filter(new() { HasText = $"\"id\":{id}" }).GetByRole(AriaRole.Link).ClickAsync();
        await Expect(visit.Page.GetByLabel("Raw value")).ToHaveTextAsync($"{{\"id\":{id},\"amount\":\"lots\"}}");
        await Expect(visit.Page.Locator("#facts")).ToContainTextAsync("amount");
        await visit.Page.GetByText("Bytes", new() { Exact = true }).ClickAsync();
        await Expect(visit.Page.GetByLabel("Bytes in hexadecimal")).ToContainTextAsync("7b 22 69 64 22");
        await visit.Page.GetByLabel("Value to use instead").FillAsync($"{{\"id\":{id},\"amount\":12.5}}");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Preview" }).ClickAsync();
        await Expect(visit.Page.GetByRole(AriaRole.Region, new() { Name = "Rows that the value gives" })).ToContainTextAsync("12.5");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Replay with this value" }).ClickAsync();
        await Expect(visit.Page.Locator("#messages")).ToContainTextAsync("1 replayed");
        await Expect(visit.Page.Locator("#facts")).ToContainTextAsync("Replayed");
        Assert.Equal(12.5m, (await server.ScalarAsync($"SELECT amount FROM orders WHERE id = {id}")).GetDecimal());
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task Workflow_is_run_by_a_button_and_its_tasks_are_shown()
    {
        await SendOrdersAsync(1);
        await using var visit = await OpenAsync("/workflows");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Run summary now" }).ClickAsync();
        // WaitForURLAsync looks at the address before it listens for navigations, and can miss one in between.
        await Expect(visit.Page).ToHaveURLAsync(new Regex("/runs/[^/]+$"), new() { Timeout = 20_000 });
        await Expect(visit.Page.Locator("#run")).ToContainTextAsync("Success", new() { Timeout = 20_000 });
        await Expect(visit.Page.Locator("#tasks")).ToContainTextAsync("documents");
        await visit.Page.GotoAsync("/search");
        await Expect(visit.Page.GetByRole(AriaRole.Table)).ToContainTextAsync("\"n\"");
    }

    [Fact]
    public async Task Query_shows_rows_and_says_what_is_wrong()
    {
        await using var visit = await OpenAsync("/query");
        await visit.Page.GetByLabel("SQL").FillAsync("SELECT 41 + 1 AS answer, '<b>' AS text");
        await visit.Page.GetByLabel("SQL").PressAsync("Control+Enter");
        await Expect(visit.Page.GetByRole(AriaRole.Cell, new() { Name = "42" })).ToBeVisibleAsync();
        await Expect(visit.Page.GetByRole(AriaRole.Cell, new() { Name = "<b>" })).ToBeVisibleAsync();
        await visit.Page.GetByLabel("SQL").FillAsync("DROP TABLE orders");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Run" }).ClickAsync();
        await Expect(visit.Page.GetByRole(AriaRole.Alert)).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Every_page_has_names_roles_contrast_and_a_sound_order_of_headings()
    {
        await PrepareAsync();
        foreach (var scheme in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark])
        {
            await using var visit = await OpenAsync("/", scheme: scheme);
            foreach (var path in Pages)
            {
                await visit.Page.GotoAsync(path);
                var faults = await visit.Page.EvaluateAsync<string[]>(AccessibilityCheck.Script);
                Assert.True(faults.Length == 0, $"{path} ({scheme}): {string.Join("; ", faults)}");
                Assert.Empty(visit.Errors);
            }
        }
    }

    /// <summary>A group and a record at the first position, for the pages that show them.</summary>
    private async Task PrepareAsync()
    {
        await SendBrokenOrderAsync();
        await server.PostAsync(
            "/api/topics/orders/produce", """{"key":"k","value":"{\"id\":1,\"amount\":1}","headers":{"source":"till"},"partition":0}""");
        await server.PostAsync("/api/groups/by-hand/positions", """{"to":"earliest","topic":"orders"}""");
        await server.PostAsync($"/api/groups/{LongGroup}/positions", """{"to":"earliest","topic":"orders"}""");
    }

    private Task<Visit> OpenAsync(string path, int width = 1280, int height = 900, ColorScheme scheme = ColorScheme.Light) =>
        browser.OpenAsync(server.Host.Url, path, width, height, scheme);

    private async Task SendOrdersAsync(int count)
    {
        var first = Interlocked.Add(ref _nextId, count) - count;
        await server.PostAsync(
            "/api/topics/orders/records",
            string.Concat(Enumerable.Range(first, count)
                .Select(id => $"{{\"id\":{id},\"amount\":1,\"placed\":\"2024-01-01T10:{id % 60:00}:00Z\"}}\n")),
            "application/x-ndjson");
        await RunningServer.UntilAsync(
            async () =>
                (await server.ScalarAsync($"SELECT count(*) FROM orders WHERE id >= {first} AND id < {first + count}")).GetInt64() == count,
            "the orders' rows");
    }

    private async Task<int> SendBrokenOrderAsync()
    {
        var id = Interlocked.Increment(ref _nextId);
        await server.PostAsync("/api/topics/orders/records", $"{{\"id\":{id},\"amount\":\"lots\"}}");
        await RunningServer.UntilAsync(
            async () => (await server.GetAsync("/api/dead-letters?stream=orders&limit=1000")).GetProperty("letters").EnumerateArray()
                .Any(l => l.GetProperty("value").GetProperty("text").GetString()!.Contains($"{id}", StringComparison.Ordinal)),
            "the dead letter");
        return id;
    }

    private static Task<string> FocusedAsync(IPage page, string property) =>
        page.EvaluateAsync<string>($"(document.activeElement.{property} || '').trim()");

    private static Task<int> BrightnessAsync(IPage page) =>
        page.EvaluateAsync<int>("Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])");
}
