using Microsoft.Extensions.Hosting;

namespace Tidemill.Server.Hosting;

/// <summary>Opens the warehouse, then runs what needs it; stopping the host stops and awaits all of it.</summary>
internal sealed class EngineService(ProjectRuntime runtime) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => runtime.Gate.RunAsync(stoppingToken);
}
