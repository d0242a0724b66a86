using System.Collections.Concurrent;
using Tidemill.Core.Configuration;
using Tidemill.Workflows.Tasks;

namespace Tidemill.Tests.Workflows.Runs;

/// <summary>Carries out models tasks by the script of the task's name; without one a task succeeds with one record.</summary>
internal sealed class ScriptedExecutor : ITaskExecutor
{
    private int _running;

    public Type ActionType => typeof(ModelsAction);

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
