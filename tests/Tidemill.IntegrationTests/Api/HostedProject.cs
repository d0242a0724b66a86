using System.Net.Http.Json;
using System.Text.Json;
using Tidemill.Server.Hosting;

namespace Tidemill.IntegrationTests.Api;

/// <summary>A server on a free port over a project of the test's own, in a temporary folder.</summary>
internal sealed class HostedProject : IAsyncDisposable
{
    private HostedProject(string folder) => Folder = folder;

    public string Folder { get; }

    public TidemillHost Host { get; private set; } = null!;

    public HttpClient Client { get; private set; } = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <param name="files">Paths in the project's folder and their text.</param>
    public static async Task<HostedProject> StartAsync(params (string Path, string Text)[] files)
    {
        var project = new HostedProject(Directory.CreateTempSubdirectory("tidemill-project-").FullName);
        foreach (var (path, text) in files)
        {
            var full = Path.Combine(project.Folder, path);
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            await File.WriteAllTextAsync(full, text, Cancellation);
        }

        await project.StartAsync();
        return project;
    }

    /// <summary>Stops the server and starts another one over the same data.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    public async Task<JsonElement> GetAsync(string path) => await ReadAsync(await Client.GetAsync(path, Cancellation));

    public async Task<JsonElement> PostAsync(string path, object body) =>
        await ReadAsync(await Client.PostAsJsonAsync(path, body, Cancellation));

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task StartAsync()
    {
        Host = await TidemillHost.StartAsync(new HostOptions { ProjectFolder = Folder, Port = 0, RunWorkflows = false }, Cancellation);
        Client = new HttpClient { BaseAddress = Host.Url };
    }

    private async Task StopAsync()
    {
        Client.Dispose();
        await Host.DisposeAsync();
    }

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage response)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync(Cancellation);
            Assert.True(response.IsSuccessStatusCode, text);
            return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
        }
    }
}
