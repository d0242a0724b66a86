using Tidemill.Connectors.Kafka.Native;

namespace Tidemill.Tests.Connectors.Kafka;

public sealed class KafkaLibraryTests
{
    [Fact]
    public void The_library_is_looked_for_beside_the_program_then_in_the_system_then_in_the_cache()
    {
        var candidates = KafkaLibrary.Candidates(null, "/program").ToList();

        Assert.Equal(4, candidates.Count);
        Assert.Equal("/program", Path.GetDirectoryName(candidates[0]));
        Assert.StartsWith("/program/runtimes/", candidates[1], StringComparison.Ordinal);
        Assert.False(Path.IsPathRooted(candidates[2]));
        Assert.EndsWith($"tidemill/librdkafka-2.15.1/{candidates[2]}", candidates[3], StringComparison.Ordinal);
    }

    [Fact]
    public void A_configured_file_is_the_only_candidate() =>
        Assert.Equal([Path.GetFullPath("my/librdkafka.so")], KafkaLibrary.Candidates("my/librdkafka.so", "/program"));

    [Fact]
    public void The_build_script_builds_the_version_that_is_looked_for()
    {
        var script = File.ReadAllText(Path.Combine(
            Tidemill.Tests.Core.Configuration.RepositoryFiles.Root, "src/Tidemill.Connectors/Kafka/Native/build-librdkafka.sh"));

        Assert.Contains($"version={KafkaLibrary.BuiltVersion}\n", script, StringComparison.Ordinal);
    }
}
