using Tidemill.Connectors.Kafka;
using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;
using Tidemill.Log;

namespace Tidemill.Benchmarks;

/// <summary>The log that a benchmark runs on.</summary>
internal static class BenchLog
{
    /// <param name="kafka">True: the brokers that TIDEMILL_TEST_KAFKA names; false: an embedded log in the folder.</param>
    /// <param name="folder">For the embedded log.</param>
    public static async Task<ILog> OpenAsync(bool kafka, string folder) => kafka
        ? await KafkaLog.OpenAsync(
            new LogConnection
            {
                Type = LogType.Kafka,
                BootstrapServers = (Environment.GetEnvironmentVariable("TIDEMILL_TEST_KAFKA") ?? throw new InvalidOperationException("TIDEMILL_TEST_KAFKA names no broker.")).Split(','),
            },
            folder, TimeProvider.System, default)
        : await EmbeddedLog.OpenAsync(Path.Combine(folder, "log"), new EmbeddedLogOptions(), TimeProvider.System, default);
}
