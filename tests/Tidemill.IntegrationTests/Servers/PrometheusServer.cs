using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Tidemill.IntegrationTests.Servers;

/// <summary>A real Prometheus on a free port, scraping what its configuration names, in a temporary folder.</summary>
internal sealed class PrometheusServer : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-prometheus-").FullName;
    private readonly HttpClient _client = new();
    private Process? _process;

    /// <summary>Skips without Prometheus on a developer's machine, fails on CI.</summary>
    public static void Require()
    {
        if (!Tools.Any(File.Exists))
        {
            Assert.SkipWhen(Environment.GetEnvironmentVariable("CI") is null, "There is no prometheus; install Debian's package.");
            Assert.Fail("There is no prometheus; install Debian's package.");
        }
    }

    public async Task StartAsync(string configuration, CancellationToken cancellationToken)
    {
        Require();
        var port = FreePorts.One();
        await File.WriteAllTextAsync(Path.Combine(_folder, "prometheus.yml"), configuration, cancellationToken);
        _process = Start("prometheus", [
            $"--config.file={Path.Combine(_folder, "prometheus.yml")}", $"--storage.tsdb.path={Path.Combine(_folder, "data")}",
            string.Create(CultureInfo.InvariantCulture, $"--web.listen-address=127.0.0.1:{port}"), "--log.level=error"]);
        _client.BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));
    }

    /// <summary>Samples of an instant query; none while Prometheus starts.</summary>
    public async Task<IReadOnlyList<(JsonElement Labels, double Value)>> QueryAsync(string expression, CancellationToken cancellationToken)
    {
        Assert.False(_process!.HasExited, "Prometheus ended.");
        try
        {
            var text = await _client.GetStringAsync($"/api/v1/query?query={Uri.EscapeDataString(expression)}", cancellationToken);
            return [.. JsonDocument.Parse(text).RootElement.GetProperty("data").GetProperty("result").EnumerateArray().Select(s =>
                (s.GetProperty("metric"), double.Parse(s.GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture)))];
        }
        catch (HttpRequestException e) when (e.StatusCode is null or System.Net.HttpStatusCode.ServiceUnavailable)
        {
            return [];
        }
    }

    /// <summary>promtool's verdict on a text given on its standard input, or on a file named in the arguments.</summary>
    public static async Task<(int Code, string Output)> CheckAsync(string[] arguments, string input, CancellationToken cancellationToken)
    {
        Require();
        using var tool = Start("promtool", arguments);
        await tool.StandardInput.WriteAsync(input);
        tool.StandardInput.Close();
        var output = tool.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = tool.StandardError.ReadToEndAsync(cancellationToken);
        await tool.WaitForExitAsync(cancellationToken);
        return (tool.ExitCode, await output + await errors);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        if (_process is not null)
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
            _process.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private static string[] Tools => ["/usr/bin/prometheus", "/usr/local/bin/prometheus"];

    private static Process Start(string program, string[] arguments) => Process.Start(new ProcessStartInfo(program, arguments)
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
}
