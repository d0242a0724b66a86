using Tidemill.Core.Configuration;
using Tidemill.Workflows.Scheduling;

namespace Tidemill.Workflows.Tasks;

/// <summary>Carries out one kind of <see cref="TaskAction"/>.</summary>
public interface ITaskExecutor
{
    /// <summary>The kind, a type derived from <see cref="TaskAction"/>.</summary>
    Type ActionType { get; }

    /// <summary>
    /// Does the work of one attempt and returns the records processed. It may run again after a failure, a timeout or a
    /// killed process, so doing it twice must leave what doing it once leaves. Ends soon after cancellation.
    /// </summary>
    Task<long> ExecuteAsync(TaskContext context, CancellationToken cancellationToken);
}

/// <summary>One attempt at a task.</summary>
public sealed record TaskContext(
    Guid RunId, string Workflow, string Task, int Attempt, TaskAction Action, DataInterval Interval);
