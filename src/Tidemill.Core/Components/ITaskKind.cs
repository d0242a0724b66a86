using Tidemill.Core.Configuration.Binding;
using Tidemill.Core.Configuration.Shapes;

namespace Tidemill.Core.Components;

/// <summary>A kind of task: what a workflow's task does, by the key that stands in it. Actions given to it are its own.</summary>
public interface ITaskKind : IComponentKind
{
    /// <summary>The action under <see cref="IComponentKind.Key"/>. Errors go to the section's report; binding goes on.</summary>
    /// <param name="task">The whole task, in which the key stands.</param>
    TaskAction Bind(Section task);

    /// <summary>What is done, for people: <c>run models transactions_clean+</c>.</summary>
    string Describe(TaskAction action);

    /// <summary>The stores it works on.</summary>
    IReadOnlyList<StoreUse> Uses(TaskAction action);

    /// <summary>
    /// Does the work of one attempt. It may run again after a failure, a timeout or a killed process, so doing it twice must leave
    /// what doing it once leaves. Ends soon after cancellation. A failure is an exception; its code is recorded.
    /// </summary>
    Task<TaskOutcome> RunAsync(TaskAction action, TaskContext context, CancellationToken cancellationToken);
}

/// <summary>What a task does. What is particular to it only its kind reads.</summary>
/// <param name="Kind">The kind that bound it.</param>
public abstract record TaskAction(ITaskKind Kind)
{
    /// <summary>What is done, for people.</summary>
    public string Description => Kind.Describe(this);
}

/// <summary>One attempt at a task.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Workflow">The workflow's name.</param>
/// <param name="Task">The task's name.</param>
/// <param name="Attempt">One-based.</param>
/// <param name="Interval">The time the run is about.</param>
/// <param name="Stores">The target's stores, and the project's models.</param>
public sealed record TaskContext(Guid RunId, string Workflow, string Task, int Attempt, DataInterval Interval, IStores Stores);

/// <summary>What an attempt that succeeded leaves.</summary>
/// <param name="Records">Rows or documents written or changed.</param>
public sealed record TaskOutcome(long Records);

/// <summary>
/// The time a run is about, [Start, End): from one fire time to the next. As in Airflow, the run starts when the interval
/// has ended, so that everything in it has happened. Start equals End for a workflow without a schedule.
/// </summary>
public readonly record struct DataInterval(DateTimeOffset Start, DateTimeOffset End);

/// <summary>A kind of task by the type of its action.</summary>
public abstract class TaskKind<TAction> : ITaskKind
    where TAction : TaskAction
{
    public abstract string Key { get; }

    public abstract string Description { get; }

    public abstract Shape Shape { get; }

    public abstract TaskAction Bind(Section task);

    string ITaskKind.Describe(TaskAction action) => Describe((TAction)action);

    IReadOnlyList<StoreUse> ITaskKind.Uses(TaskAction action) => Uses((TAction)action);

    Task<TaskOutcome> ITaskKind.RunAsync(TaskAction action, TaskContext context, CancellationToken cancellationToken) =>
        RunAsync((TAction)action, context, cancellationToken);

    protected abstract string Describe(TAction action);

    protected virtual IReadOnlyList<StoreUse> Uses(TAction action) => [];

    protected abstract Task<TaskOutcome> RunAsync(TAction action, TaskContext context, CancellationToken cancellationToken);
}
