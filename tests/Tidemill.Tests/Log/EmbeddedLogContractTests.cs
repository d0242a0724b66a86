using Tidemill.Core.Logs;
using Tidemill.Log;

namespace Tidemill.Tests.Log;

/// <summary>The contract on a real disk, with batches and segments small enough that every test crosses their borders.</summary>
public sealed class EmbeddedLogContractTests : LogContractTests
{
    private readonly TemporaryFolder _folder = new();

    protected override async Task<ILog> OpenAsync() => await EmbeddedLog.OpenAsync(
        _folder.Path,
        new EmbeddedLogOptions { SegmentBytes = 4096, BatchBytes = 1024, IndexIntervalBytes = 256 }, TimeProvider.System, default);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
    }
}
