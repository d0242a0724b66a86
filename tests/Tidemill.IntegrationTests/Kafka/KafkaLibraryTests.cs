using Tidemill.DuckDb;
using Tidemill.IntegrationTests.Crash;

namespace Tidemill.IntegrationTests.Kafka;

/// <summary>The real program with a native library that is not there, or is none.</summary>
public sealed class KafkaLibraryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-library-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Doctor_says_what_is_wrong_with_the_library_and_what_to_do()
    {
        var (_, output) = await TidemillProcess.RunAsync(Library(DuckDbDatabase.LibraryPath), "doctor", "--json", "--project", _folder);

        Assert.Contains($"{DuckDbDatabase.LibraryPath} has version unknown, 2.6.1 is needed", output, StringComparison.Ordinal);
        Assert.Contains("Set TIDEMILL_LIBRDKAFKA", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_project_on_Kafka_does_not_start_without_the_library()
    {
        await File.WriteAllTextAsync(
            Path.Combine(_folder, "tidemill.yaml"), "name: k\ntargets: {prod: {log: {type: kafka, bootstrap_servers: \"127.0.0.1:1\"}}}");

        var (exit, output) = await TidemillProcess.RunAsync(Library("/none/librdkafka.so"), "up", _folder, "--port", "0");

        Assert.NotEqual(0, exit);
        Assert.Contains("/none/librdkafka.so is not there", output, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Library(string path) => new() { ["TIDEMILL_LIBRDKAFKA"] = path };
}
