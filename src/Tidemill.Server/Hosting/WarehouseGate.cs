using Microsoft.Extensions.Logging;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;

namespace Tidemill.Server.Hosting;

/// <summary>
/// The warehouse, or the wait for it. A server starts without its warehouse, says so, and tries again with a growing
/// delay; errors that no waiting mends (a wrong configuration) stop the start instead.
/// </summary>
internal sealed partial class WarehouseGate(
    Func<CancellationToken, Task<IWarehouse>> open, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(15);

    private readonly TaskCompletionSource<IWarehouse> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _firstAttempt = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile IWarehouse? _warehouse;

    public bool IsOpen => _warehouse is not null;

    /// <summary>Why the last attempt failed; null before the first and once open.</summary>
    public string? LastError { get; private set; }

    /// <summary>Completes with the first attempt, well or badly; fails when waiting cannot help.</summary>
    public Task FirstAttempt => _firstAttempt.Task;

    /// <summary>Completes when the warehouse is open.</summary>
    public Task<IWarehouse> Opened => _opened.Task;

    /// <summary>The open warehouse; Unavailable while it is waited for.</summary>
    public IWarehouse Current => _warehouse
        ?? throw new TidemillException(ErrorCode.Unavailable, $"Waiting for the warehouse. {LastError}".TrimEnd());

    /// <summary>Opens the warehouse, trying until it is there.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var delay = FirstDelay;
        while (!await TryOpenAsync(cancellationToken))
        {
            await Task.Delay(delay, time, cancellationToken);
            delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _opened.TrySetCanceled();
        if (_warehouse is { } open)
            await open.DisposeAsync();
    }

    private async Task<bool> TryOpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            var result = await open(cancellationToken);
            LastError = null;
            _warehouse = result;
            _opened.TrySetResult(result);
            _firstAttempt.TrySetResult();
            return true;
        }
        catch (TidemillException e) when (e.Rule.Retry != RetryRule.Never)
        {
            LastError = e.Message;
            LogWaiting(logger, e.Code, e.Message);
            _firstAttempt.TrySetResult();
            return false;
        }
        catch (Exception e)
        {
            _firstAttempt.TrySetException(e);
            throw;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Waiting for the warehouse: {Code}: {Reason}")]
    private static partial void LogWaiting(ILogger logger, ErrorCode code, string reason);
}
