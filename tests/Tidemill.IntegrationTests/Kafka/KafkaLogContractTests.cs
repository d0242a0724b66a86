using Tidemill.Core.Logs;
using Tidemill.IntegrationTests.Servers;
using Tidemill.Tests.Log;

namespace Tidemill.IntegrationTests.Kafka;

/// <summary>The suite every log passes, on a real broker.</summary>
public sealed class KafkaLogContractTests : LogContractTests
{
    protected override bool KeepsNullHeaders => false;

    protected override async Task<ILog> OpenAsync() => await (await KafkaServer.SharedAsync()).OpenAsync();
}
