namespace Tidemill.Tests.Streaming;

public sealed class SchemaDriftTests : SchemaDriftContract
{
    private protected override Task<StreamBench> OpenBenchAsync() => StreamBench.OpenAsync();
}
