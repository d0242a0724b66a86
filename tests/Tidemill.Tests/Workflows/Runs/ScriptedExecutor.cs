using System.Collections.Concurrent;
using Tidemill.Core.Components;
using Tidemill.Core.Configuration.Binding;
using Tidemill.Core.Configuration.Shapes;

namespace Tidemill.Tests.Workflows.Runs;

/// <summary>Whatever the executor among the stores does.</summary>
internal sealed record ScriptedAction(string Name) : TaskAction(ScriptedTaskKind.Instance);

internal sealed class ScriptedTaskKind : TaskKind<ScriptedAction>
{
    public static ScriptedTaskKind Instance { get; } = new();

    public override string Key => "script";

    public override string Description => "Whatever a test says.";

    public override Shape Shape { get; } = new TextShape();

    public override TaskAction Bind(Section task) => new ScriptedAction(task.Text(Key) ?? "");

    protected override string Describe(ScriptedAction action) => $"play {action.Name}";

    protected override async Task<TaskOutcome> RunAsync(
        ScriptedAction action, TaskContext context, CancellationToken cancellationToken) =>
        new(await context.Stores.Get<ScriptedExecutor>().ExecuteAsync(context, cancellationToken));
}

/// <summary>Carries out tasks by the script of the task's name; without one a task succeeds with one record.</summary>
internal sealed class ScriptedExecutor
{
    private int _running;

    public Dictionary<string, Func<TaskContext, CancellationToken, Task<long>>> Scripts { get; } = [];

    /// <summary>Tasks in the order their attempts began.</summary>
    public ConcurrentQueue<TaskContext> Started { get; } = [];

    public int MostAtOnce { get; private set; }

    public async Task<long> ExecuteAsync(TaskContext context, CancellationToken cancellationToken)
    {
        Started.Enqueue(context);
        lock (Scripts)
            MostAtOnce = Math.Max(MostAtOnce, ++_running);

        try
        {
            return Scripts.TryGetValue(context.Task, out var script) ? await script(context, cancellationToken) : 1;
        }
        finally
        {
            lock (Scripts)
                _running--;
        }
    }

    /// <summary>Waits until it is cancelled.</summary>
    public static async Task<long> ForeverAsync(TaskContext context, CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.Infinite, cancellationToken);
        return 0;
    }
}
