using Tidemill.Core.Errors;
using Tidemill.Observability.Health;
using Tidemill.Server.Hosting;

namespace Tidemill.Server.Api;

/// <summary>Asks each part how it is.</summary>
internal static class HealthProbe
{
    public static async Task<HealthReport> CheckAsync(ProjectRuntime runtime, CancellationToken cancellationToken) => new(
    [
        await CheckAsync("log", runtime.Log.Description, () => runtime.Log.ListTopicsAsync(cancellationToken)),
        await CheckWarehouseAsync(runtime, cancellationToken),
        await CheckAsync("search", runtime.Search.Description, () => runtime.Search.ListIndexesAsync(cancellationToken)),
    ]);

    private static Task<HealthPart> CheckWarehouseAsync(ProjectRuntime runtime, CancellationToken cancellationToken) =>
        runtime.Gate.IsOpen
            ? CheckAsync("warehouse", runtime.Warehouse.Description, () => AnswersAsync(runtime, cancellationToken))
            : Task.FromResult(new HealthPart(
                "warehouse", HealthState.Unhealthy, $"waiting for warehouse: {runtime.Gate.LastError ?? "opening"}"));

    private static async Task AnswersAsync(ProjectRuntime runtime, CancellationToken cancellationToken)
    {
        await using var result = await runtime.Warehouse.QueryAsync("SELECT 1", [], readOnly: true, cancellationToken);
    }

    private static async Task<HealthPart> CheckAsync(string name, string description, Func<Task> probe)
    {
        try
        {
            await probe();
            return new HealthPart(name, HealthState.Healthy, description);
        }
        catch (TidemillException e)
        {
            return new HealthPart(name, HealthState.Unhealthy, $"{e.Code}: {e.Message}");
        }
    }
}
