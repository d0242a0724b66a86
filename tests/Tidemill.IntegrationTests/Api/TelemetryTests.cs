using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Tidemill.Server.Hosting;

namespace Tidemill.IntegrationTests.Api;

/// <summary>Spans and measurements, received as an OpenTelemetry collector does: protobuf by HTTP.</summary>
public sealed class TelemetryTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Fact]
    public async Task Spans_and_measurements_of_what_happens_arrive_over_OTLP()
    {
        await using var collector = await Collector.StartAsync();
        using (TelemetryExport.Start(collector.Environment, server.Host.Project))
        {
            await server.PostAsync("/api/topics/orders/records", """{"id":4711,"amount":1}""");
            await RunningServer.UntilAsync(
                async () => (await server.ScalarAsync("SELECT count(*) FROM orders WHERE id = 4711")).GetInt64() == 1, "the row");
            var run = await server.PostAsync("/api/workflows/summary/runs?wait=true", "{}");
            Assert.True(run.GetProperty("status").GetString() == "Success", run.ToString());
        }

        var traces = collector.Received("/v1/traces");
        Assert.All(
            (string[])["log append", "stream batch", "sink write", "workflow run", "task attempt", "tidemill.project", "shop"],
            name => Assert.Contains(name, traces, StringComparison.Ordinal));
        var metrics = collector.Received("/v1/metrics");
        Assert.All(
            (string[])[
                "tidemill.stream.records", "tidemill.stream.io", "tidemill.stream.rows", "tidemill.stream.stage.duration",
                "tidemill.log.append.records", "tidemill.log.append.duration", "tidemill.workflow.run.duration",
                "tidemill.workflow.attempt.duration", "tidemill.project"],
            name => Assert.Contains(name, metrics, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("UNRELATED", "1", false)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "", false)]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:1/v1/traces", true)]
    public void Nothing_is_sent_without_an_address(string variable, string value, bool sends)
    {
        var environment = new ConfigurationBuilder().AddInMemoryCollection([new(variable, value)]).Build();
        using var export = TelemetryExport.Start(environment, server.Host.Project);
        Assert.Equal(sends, export is not null);
    }

    /// <summary>Takes what is sent to any path, and keeps it. Texts stand in protobuf as they are.</summary>
    private sealed class Collector : IAsyncDisposable
    {
        private readonly ConcurrentQueue<(string Path, byte[] Body)> _requests = new();
        private readonly WebApplication _app;

        private Collector(WebApplication app) => _app = app;

        public IConfiguration Environment => new ConfigurationBuilder().AddInMemoryCollection(
        [
            new("OTEL_EXPORTER_OTLP_ENDPOINT", _app.Urls.First()),
            new("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ]).Build();

        public static async Task<Collector> StartAsync()
        {
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
            var collector = new Collector(builder.Build());
            collector._app.Run(collector.TakeAsync);
            await collector._app.StartAsync(TestContext.Current.CancellationToken);
            return collector;
        }

        public string Received(string path) =>
            string.Concat(_requests.Where(r => r.Path == path).Select(r => Encoding.Latin1.GetString(r.Body)));

        public ValueTask DisposeAsync() => _app.DisposeAsync();

        private async Task TakeAsync(HttpContext context)
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            _requests.Enqueue((context.Request.Path, body.ToArray()));
            context.Response.ContentType = "application/x-protobuf";
        }
    }
}
