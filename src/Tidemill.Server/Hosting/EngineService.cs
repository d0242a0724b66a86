using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Tidemill.Server.Hosting;

/// <summary>Opens the warehouse, then runs what needs it; stopping the host stops and awaits all of it.</summary>
internal sealed partial class EngineService(ProjectRuntime runtime, ILogger<EngineService> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Task.WhenAll(runtime.Topics.RunAsync(stoppingToken), runtime.Gate.RunAsync(stoppingToken));
            using var engine = runtime.StartEngine();
            await engine.RunAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopped while it waited.
        }
        catch (Exception e)
        {
            runtime.EngineFailure = e.Message;
            LogFailure(logger, e);
            throw;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Streams and workflows ended.")]
    private static partial void LogFailure(ILogger logger, Exception exception);
}
