using Tidemill.Connectors.Kafka;
using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;
using Tidemill.Log;

namespace Tidemill.Benchmarks;

/// <summary>The log that a benchmark runs on.</summary>
internal static class BenchLog
{
    /// <summary>What TIDEMILL_TEST_KAFKA names.</summary>
    public static string Brokers => Environment.GetEnvironmentVariable("TIDEMILL_TEST_KAFKA")
        ?? throw new InvalidOperationException("Set TIDEMILL_TEST_KAFKA to a broker's host:port.");

    /// <param name="kafka">True: the brokers that TIDEMILL_TEST_KAFKA names; false: an embedded log in the folder.</param>
    /// <param name="folder">For the embedded log.</param>
    public static async Task<ILog> OpenAsync(bool kafka, string folder) => kafka
        ? await OpenKafkaAsync()
        : await EmbeddedLog.OpenAsync(Path.Combine(folder, "log"), new EmbeddedLogOptions(), TimeProvider.System, default);

    public static Task<KafkaLog> OpenKafkaAsync() => KafkaLog.OpenAsync(
        new LogConnection { Type = LogType.Kafka, BootstrapServers = Brokers.Split(',') },
        Environment.CurrentDirectory, TimeProvider.System, default);
}
