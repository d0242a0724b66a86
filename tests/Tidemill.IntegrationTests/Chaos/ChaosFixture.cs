namespace Tidemill.IntegrationTests.Chaos;

/// <summary>One installation for all chaos tests: they hurt it one after the other, and each leaves it proven.</summary>
public sealed class ChaosFixture : IAsyncDisposable
{
    private ChaosSystem? _system;

    /// <summary>Complete and with records flowing; started by the first test that asks.</summary>
    internal async Task<ChaosSystem> SystemAsync()
    {
        _system ??= await ChaosSystem.StartAsync(members: 3);
        await _system.CompleteAsync();
        return _system;
    }

    public async ValueTask DisposeAsync()
    {
        if (_system is not null)
            await _system.DisposeAsync();
    }
}
