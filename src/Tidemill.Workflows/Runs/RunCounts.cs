using System.Collections.Concurrent;
using Tidemill.Core.Warehouses;

namespace Tidemill.Workflows.Runs;

/// <summary>Runs that ended since the process started, by workflow and status. Safe for concurrent callers.</summary>
public sealed class RunCounts
{
    private readonly ConcurrentDictionary<(string Workflow, Stored<RunStatus> Status), long> _ended = new();
    private readonly ConcurrentDictionary<string, DateTimeOffset> _lastSuccess = new(StringComparer.Ordinal);

    /// <summary>Counts the run when the event tells its end.</summary>
    public void Take(RunEvent change)
    {
        ArgumentNullException.ThrowIfNull(change);
        if (change.Task is not null || change.Run.Status == RunStatus.Running)
            return;

        _ended.AddOrUpdate((change.Run.Workflow, change.Run.Status), 1, (_, count) => count + 1);
        if (change.Run.Status == RunStatus.Success && change.Run.EndTime is { } end)
            _lastSuccess[change.Run.Workflow] = end;
    }

    public long Ended(string workflow, RunStatus status) => _ended.GetValueOrDefault((workflow, status));

    /// <summary>End of the last run that succeeded in this process; null when none has.</summary>
    public DateTimeOffset? LastSuccess(string workflow) => _lastSuccess.TryGetValue(workflow, out var at) ? at : null;
}
