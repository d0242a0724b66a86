using Tidemill.Core.Configuration;

namespace Tidemill.Workflows.Tasks;

/// <summary>Runs models; whoever puts the program together connects it to the project's models.</summary>
public interface IModelExecution
{
    /// <summary>Runs the selected models (empty: all) in their order and returns the rows written.</summary>
    Task<long> RunAsync(IReadOnlyList<string> select, CancellationToken cancellationToken);
}

/// <summary>Runs a task's models.</summary>
public sealed class ModelsTaskExecutor(IModelExecution models) : ITaskExecutor
{
    public Type ActionType => typeof(ModelsAction);

    public Task<long> ExecuteAsync(TaskContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        return models.RunAsync(((ModelsAction)context.Action).Select, cancellationToken);
    }
}
