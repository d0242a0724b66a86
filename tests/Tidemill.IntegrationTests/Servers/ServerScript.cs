using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Tidemill.IntegrationTests.Servers;

/// <summary>Real servers out of ../shared/servers, each set with its data in a temporary folder.</summary>
internal sealed class ServerScript : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly string _script;

    private ServerScript(string script) => _script = script;

    /// <summary>The folder of all servers.</summary>
    public string Servers => Path.GetDirectoryName(_script)!;

    public string Home { get; } = Directory.CreateTempSubdirectory("tidemill-servers-").FullName;

    /// <summary>Null where the folder is not beside the repository.</summary>
    public static ServerScript? Find([CallerFilePath] string path = "")
    {
        var script = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "../../../../shared/servers/server"));
        return File.Exists(script) ? new ServerScript(script) : null;
    }

    /// <summary>Runs <c>server ARGUMENTS</c> and returns the NAME=value lines that it prints.</summary>
    public Task<IReadOnlyDictionary<string, string>> RunAsync(params string[] arguments) =>
        RunAsync(new ProcessStartInfo(_script, arguments));

    /// <summary>Runs a program in place of the script's own, on the same set of servers.</summary>
    public async Task<IReadOnlyDictionary<string, string>> RunAsync(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        start.Environment["SERVERS_HOME"] = Home;
        using var process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(Patience);
        var output = await process.StandardOutput.ReadToEndAsync(patience.Token);
        await process.WaitForExitAsync(patience.Token);
        return process.ExitCode == 0
            ? output.Split('\n').Select(
                line => line.Split('=', 2)).Where(pair => pair.Length == 2).ToDictionary(pair => pair[0], pair => pair[1].Trim())
            : throw new InvalidOperationException(
                $"{start.FileName} {string.Join(' ', start.ArgumentList)} ended with {process.ExitCode}.");
    }

    public async ValueTask DisposeAsync()
    {
        if (Directory.Exists(Home))
        {
            await RunAsync("stop", "all");
            Directory.Delete(Home, recursive: true);
        }
    }
}
