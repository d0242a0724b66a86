using System.Net;
using System.Text.Json;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Search;
using Tidemill.Server.Hosting;

namespace Tidemill.IntegrationTests.Api;

public sealed class HostTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-host-").FullName;

    public HostTests() => File.WriteAllText(Path.Combine(_folder, "tidemill.yaml"), "name: p\ntargets: {dev: {}}\ntopics: {t: {}}\n");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private HostOptions Options => new() { ProjectFolder = _folder, Port = 0 };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Second_server_on_a_data_folder_is_told_who_holds_it()
    {
        await using var host = await TidemillHost.StartAsync(Options, Cancellation);
        var error = await Assert.ThrowsAsync<TidemillException>(() => TidemillHost.StartAsync(Options, Cancellation));
        Assert.Equal(ErrorCode.DataFolderLocked, error.Code);
        Assert.Contains($"process {Environment.ProcessId}", error.Message);
    }

    [Fact]
    public async Task Port_in_use_is_named_and_the_folder_is_free_again()
    {
        using var taken = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        var error = await Assert.ThrowsAsync<TidemillException>(() => TidemillHost.StartAsync(Options with { Port = port }, Cancellation));
        Assert.Equal(ErrorCode.PortInUse, error.Code);
        Assert.Contains($"{port}", error.Message);
        await using var host = await TidemillHost.StartAsync(Options, Cancellation);
    }

    [Fact]
    public async Task Address_outside_the_machine_is_refused()
    {
        var error = await Assert.ThrowsAsync<TidemillException>(
            () => TidemillHost.StartAsync(Options with { Address = IPAddress.Any }, Cancellation));
        Assert.Contains("TIDEMILL_TOKEN", error.Message);
        error = await Assert.ThrowsAsync<TidemillException>(
            () => TidemillHost.StartAsync(Options with { Address = IPAddress.Any, Token = "short" }, Cancellation));
        Assert.Contains("16 characters", error.Message);
        Assert.DoesNotContain("short\"", error.Message);
    }

    [Fact]
    public async Task Server_file_leads_to_the_server_while_it_runs()
    {
        var data = DataFolder.For(_folder);
        Assert.Null(await ServerFile.ReadAsync(data, Cancellation));
        await using (var host = await TidemillHost.StartAsync(Options, Cancellation))
            Assert.Equal(host.Url, new Uri((await ServerFile.ReadAsync(data, Cancellation))!.Url));

        Assert.False(File.Exists(data.Server));
    }

    [Fact]
    public async Task File_left_by_a_killed_server_leads_nowhere()
    {
        var data = DataFolder.For(_folder);
        string left;
        await using (await TidemillHost.StartAsync(Options, Cancellation))
            left = await File.ReadAllTextAsync(data.Server, Cancellation);

        await File.WriteAllTextAsync(data.Server, left, Cancellation);
        Assert.Null(await ServerFile.ReadAsync(data, Cancellation));
    }

    [Fact]
    public async Task Server_comes_up_without_its_warehouse_and_says_so_until_it_is_there()
    {
        var parts = DefaultParts.Create();
        var away = true;
        var failing = parts with
        {
            OpenWarehouse = (project, folder, token) => away
                ? throw new TidemillException(ErrorCode.Unavailable, "db at nowhere:1 refuses connections.")
                : parts.OpenWarehouse(project, folder, token),
        };
        var project = ProjectLoader.Load(_folder, null, InstalledKinds.All, new Dictionary<string, string?>());
        await using var host = await TidemillHost.StartAsync(Options, project, failing, TimeProvider.System, Cancellation);
        using var client = new HttpClient { BaseAddress = host.Url };
        using (var health = await client.GetAsync("/health", Cancellation))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
            Assert.Contains("waiting for warehouse: db at nowhere:1", await health.Content.ReadAsStringAsync(Cancellation));
        }

        Assert.Contains("Waiting for the warehouse", await client.GetStringAsync("/", Cancellation));
        using (var query = await client.PostAsync(
            "/api/query", new StringContent("""{"sql":"SELECT 1"}""", null, "application/json"), Cancellation))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, query.StatusCode);
        }

        using (var append = await client.PostAsync(
            "/api/topics/t/records", new StringContent("{}", null, "application/json"), Cancellation))
        {
            Assert.Equal(HttpStatusCode.OK, append.StatusCode);
        }

        away = false;
        await RunningServer.UntilAsync(async () => (await client.GetAsync("/health", Cancellation)).IsSuccessStatusCode, "the warehouse");
    }

    [Fact]
    public async Task Stores_that_are_open_close_when_a_later_one_cannot_be_opened()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "streams"));
        await File.WriteAllTextAsync(
            Path.Combine(_folder, "streams", "copies.yaml"),
            "source: {topic: t}\ndecode: {fields: {id: bigint}}\nsinks: [{collection: {collection: copies, id: id}}]\n",
            Cancellation);
        var parts = DefaultParts.Create();
        ISearchStore? search = null;
        var failing = parts with
        {
            OpenSearch = async (project, folder, token) => search = await parts.OpenSearch(project, folder, token),
            OpenDocuments = (_, _, _) => throw new TidemillException(ErrorCode.DataCorrupt, "documents are damaged."),
        };
        var project = ProjectLoader.Load(_folder, null, InstalledKinds.All, new Dictionary<string, string?>());
        var error = await Assert.ThrowsAsync<TidemillException>(
            () => TidemillHost.StartAsync(Options, project, failing, TimeProvider.System, Cancellation));
        Assert.Equal(ErrorCode.DataCorrupt, error.Code);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => search!.ExistAsync(["copies"], Cancellation));
        await using var host = await TidemillHost.StartAsync(Options, Cancellation);
    }

    [Fact]
    public async Task Appended_records_are_there_after_a_restart()
    {
        await using (var host = await TidemillHost.StartAsync(Options, Cancellation))
        {
            using var client = new HttpClient { BaseAddress = host.Url };
            using var response = await client.PostAsync(
                "/api/topics/t/records", new StringContent("[1,2,3]", null, "application/json"), Cancellation);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        await using var again = await TidemillHost.StartAsync(Options, Cancellation);
        using var reader = new HttpClient { BaseAddress = again.Url };
        Assert.Equal(
            3, JsonDocument.Parse(await reader.GetStringAsync("/api/topics/t/records", Cancellation)).RootElement.GetArrayLength());
    }
}
