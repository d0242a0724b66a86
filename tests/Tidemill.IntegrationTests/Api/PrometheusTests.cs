using System.Text.Json;
using System.Text.RegularExpressions;
using Tidemill.IntegrationTests.Servers;
using Tidemill.Server.Hosting;
using Tidemill.Tests.Observability;

namespace Tidemill.IntegrationTests.Api;

public sealed partial class PrometheusTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static readonly string Root = RepositoryRoot();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Prometheus_scrapes_the_server_and_answers_with_its_numbers()
    {
        await server.PostAsync("/api/topics/orders/records", """{"id":901,"amount":1}""");
        await using var prometheus = new PrometheusServer();
        await prometheus.StartAsync(
            $"global: {{scrape_interval: 1s}}\nscrape_configs:\n- job_name: tidemill\n  static_configs: [{{targets: "
                + $"['{server.Host.Url.Authority}']}}]\n",
            Cancellation);
        await RunningServer.UntilAsync(
            async () => await prometheus.QueryAsync("sum(tidemill_stream_records_total{stream=\"orders\"})", Cancellation) is [var sum]
                && sum.Value >= 1,
            "the series");
        Assert.Equal(1, Assert.Single(await prometheus.QueryAsync("up{job=\"tidemill\"}", Cancellation)).Value);
        // An expression that the real parser refuses is answered 400, which throws.
        foreach (var expression in PanelExpressions())
            await prometheus.QueryAsync(expression, Cancellation);

        await RunningServer.UntilAsync(
            async () => (await prometheus.QueryAsync(
                "max(tidemill_stream_stage_seconds{stage=\"write\",quantile=\"0.99\"})", Cancellation)).Count == 1, "a stage's time");
    }

    [Fact]
    public async Task Shipped_configuration_scrapes_a_server_that_asks_for_its_token()
    {
        var folder = Directory.CreateTempSubdirectory("tidemill-scrape-").FullName;
        var token = Path.Combine(folder, "token");
        await File.WriteAllTextAsync(token, "a-token-of-twenty-four", Cancellation);
        await File.WriteAllTextAsync(Path.Combine(folder, "tidemill.yaml"), "name: scraped\ntargets: {dev: {}}\n", Cancellation);
        await using (var host = await TidemillHost.StartAsync(
            new HostOptions { ProjectFolder = folder, Port = 0, Token = "a-token-of-twenty-four" }, Cancellation))
        {
            var shipped = await File.ReadAllTextAsync(Path.Combine(Root, "deploy/prometheus/prometheus.yml"), Cancellation);
            var here = shipped.Replace("/run/secrets/tidemill_token", token, StringComparison.Ordinal)
                .Replace("tidemill:8080", host.Url.Authority, StringComparison.Ordinal).Replace("5s", "1s", StringComparison.Ordinal);
            await using var prometheus = new PrometheusServer();
            await prometheus.StartAsync(here, Cancellation);
            await RunningServer.UntilAsync(
                async () => (await prometheus.QueryAsync("tidemill_info{job=\"tidemill\",project=\"scraped\"}", Cancellation)).Count == 1,
                "the series");
        }

        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Metrics_page_passes_promtool()
    {
        var (code, output) = await PrometheusServer.CheckAsync(["check", "metrics"], await MetricsAsync(), Cancellation);
        Assert.True(code == 0, output);
        Assert.Equal("", output);
    }

    [Fact]
    public async Task Every_exported_metric_is_documented_and_every_documented_one_exported()
    {
        var exported = (await FamiliesAsync()).Order(StringComparer.Ordinal);
        var documented = File.ReadLines(Path.Combine(Root, "docs/guides/metrics.md"))
            .Select(line => DocumentedMetric().Match(line)).Where(m => m.Success)
            .Select(m => (m.Groups["name"].Value, m.Groups["type"].Value)).Order();
        Assert.Equal(exported, documented.Select(d => d.Item1));
        var types = await TypesAsync();
        Assert.All(documented, d => Assert.Equal(types[d.Item1], d.Item2));
    }

    [Fact]
    public async Task Labels_of_exported_metrics_are_the_documented_ones()
    {
        var documented = File.ReadLines(Path.Combine(Root, "docs/guides/metrics.md"))
            .Select(line => DocumentedMetric().Match(line)).Where(m => m.Success)
            .ToDictionary(
                m => m.Groups["name"].Value, m => LabelName().Matches(m.Groups["labels"].Value).Select(l => l.Groups[1].Value).Order());
        Assert.All(PrometheusText.Parse(await MetricsAsync()), sample => Assert.Equal(documented[sample.Name], sample.Labels.Keys.Order()));
    }

    [Fact]
    public async Task Every_metric_that_a_panel_names_is_exported()
    {
        var families = await FamiliesAsync();
        var expressions = PanelExpressions().ToList();
        Assert.True(expressions.Count > 15);
        foreach (var expression in expressions)
        {
            var names = MetricName().Matches(expression).Select(m => m.Value).ToList();
            Assert.NotEmpty(names);
            Assert.All(names, name => Assert.Contains(name, families));
        }
    }

    private static IEnumerable<string> PanelExpressions() =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(Root, "deploy/grafana/dashboards/tidemill.json"))).RootElement
            .GetProperty("panels").EnumerateArray()
            .Where(p => p.TryGetProperty("targets", out _))
            .SelectMany(p => p.GetProperty("targets").EnumerateArray())
            .Select(t => t.GetProperty("expr").GetString()!
                .Replace("$__rate_interval", "1m", StringComparison.Ordinal).Replace(
                    "$job", ".*", StringComparison.Ordinal).Replace("$stream", ".*", StringComparison.Ordinal));

    private Task<string> MetricsAsync() => server.Client.GetStringAsync("/metrics", Cancellation);

    private async Task<IReadOnlyCollection<string>> FamiliesAsync() => (await TypesAsync()).Keys;

    private async Task<Dictionary<string, string>> TypesAsync() => (await MetricsAsync()).Split('\n')
        .Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal)).Select(
            line => line.Split(' ')).ToDictionary(w => w[2], w => w[3]);

    private static string RepositoryRoot([System.Runtime.CompilerServices.CallerFilePath] string path = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", "..", ".."));

    [GeneratedRegex(@"^\| `(?<name>[a-z_]+)` \| (?<type>counter|gauge|summary) \| (?<labels>[^|]*)\|")]
    private static partial Regex DocumentedMetric();

    [GeneratedRegex("`([a-z]+)`")]
    private static partial Regex LabelName();

    [GeneratedRegex(@"\b(tidemill|process|dotnet)_[a-z_]+\b")]
    private static partial Regex MetricName();
}
