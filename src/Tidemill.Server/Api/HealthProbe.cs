using Tidemill.Core.Errors;
using Tidemill.Observability.Health;
using Tidemill.Server.Hosting;
using Tidemill.Streaming.Status;

namespace Tidemill.Server.Api;

/// <summary>Asks each part how it is.</summary>
internal static class HealthProbe
{
    public static async Task<HealthReport> CheckAsync(ProjectRuntime runtime, CancellationToken cancellationToken) => new(
    [
        await CheckAsync("log", runtime.Log.Description, () => runtime.Log.ListTopicsAsync(cancellationToken)),
        await CheckWarehouseAsync(runtime, cancellationToken),
        CheckStreams(runtime.StreamStatus()),
        CheckScheduler(runtime),
        await CheckAsync("search", runtime.Search.Description, () => runtime.Search.ListIndexesAsync(cancellationToken)),
    ]);

    private static Task<HealthPart> CheckWarehouseAsync(ProjectRuntime runtime, CancellationToken cancellationToken) =>
        runtime.Gate.IsOpen
            ? CheckAsync("warehouse", runtime.Warehouse.Description, () => AnswersAsync(runtime, cancellationToken))
            : Task.FromResult(new HealthPart(
                "warehouse", HealthState.Unhealthy, $"waiting for warehouse: {runtime.Gate.LastError ?? "opening"}"));

    /// <summary>A stream that waits or is paused loses nothing; one that failed needs somebody.</summary>
    private static HealthPart CheckStreams(IReadOnlyList<StreamStatus> streams)
    {
        var failed = streams.Where(s => s.State == StreamState.Failed).Select(s => s.Name).ToList();
        var held = streams.Where(s => s.State is StreamState.Waiting or StreamState.Paused).Select(s => s.Name).ToList();
        return failed.Count > 0 ? new HealthPart("streams", HealthState.Unhealthy, $"failed: {string.Join(", ", failed)}")
            : held.Count > 0 ? new HealthPart("streams", HealthState.Degraded, $"waiting or paused: {string.Join(", ", held)}")
            : new HealthPart("streams", HealthState.Healthy, $"{streams.Count} running");
    }

    private static HealthPart CheckScheduler(ProjectRuntime runtime) =>
        runtime.EngineFailure is { } failure ? new HealthPart("scheduler", HealthState.Unhealthy, $"ended: {failure}")
        : runtime.SchedulerProblem is { } problem ? new HealthPart("scheduler", HealthState.Unhealthy, problem)
        : new HealthPart("scheduler", HealthState.Healthy, $"{runtime.WorkflowStatus().Count} workflows");

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
