using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Tidemill.Core.Configuration;
using Tidemill.IntegrationTests.Crash;

namespace Tidemill.IntegrationTests.Faults;

/// <summary>What the real program says, and how it ends, when it cannot have its folder or its port.</summary>
public sealed class StartRefusedTests : IDisposable
{
    private const int EnvironmentExitCode = 3;

    private static readonly Dictionary<string, string> NoVariables = [];

    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-refused-").FullName;

    public StartRefusedTests() =>
        File.WriteAllText(Path.Combine(_folder, "tidemill.yaml"), "name: p\ntargets: {dev: {}}\ntopics: {t: {}}\n");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Second_process_on_a_data_folder_names_the_holder_and_leaves_it_alone()
    {
        await using var holder = TidemillProcess.Start(NoVariables, "up", _folder, "--port", "0");
        var url = await holder.ReadyAsync(DataFolder.For(_folder));

        var second = await TidemillProcess.RunAsync(NoVariables, "up", _folder, "--port", "0");

        Assert.Equal(EnvironmentExitCode, second.ExitCode);
        Assert.Contains("DataFolderLocked", second.Output);
        Assert.Contains($"process {holder.Id}", second.Output);
        using var http = new HttpClient { BaseAddress = url };
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/health")).StatusCode);
        Assert.Equal(0, await holder.InterruptAsync());
    }

    [Fact]
    public async Task Port_in_use_is_named_with_the_way_out()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);

        var refused = await TidemillProcess.RunAsync(NoVariables, "up", _folder, "--port", port);

        Assert.Equal(EnvironmentExitCode, refused.ExitCode);
        Assert.Contains("PortInUse", refused.Output);
        Assert.Contains(port, refused.Output);
        Assert.Contains("--port", refused.Output);
    }
}
