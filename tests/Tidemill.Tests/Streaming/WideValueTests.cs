namespace Tidemill.Tests.Streaming;

public sealed class WideValueTests : WideValueContract
{
    private protected override Task<StreamBench> OpenBenchAsync() => StreamBench.OpenAsync();
}
