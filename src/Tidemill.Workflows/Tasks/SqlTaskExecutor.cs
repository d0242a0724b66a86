using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;

namespace Tidemill.Workflows.Tasks;

/// <summary>Runs a task's statements in one transaction; records are the rows they changed.</summary>
public sealed class SqlTaskExecutor(IWarehouse warehouse) : ITaskExecutor
{
    public Type ActionType => typeof(SqlAction);

    public async Task<long> ExecuteAsync(TaskContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var action = (SqlAction)context.Action;
        try
        {
            var rows = await warehouse.ExecuteInTransactionAsync(
                [.. action.Statements.Select(statement => statement.Text)], cancellationToken);
            return rows.Sum();
        }
        catch (TidemillException error) when (error.Code == ErrorCode.SqlInvalid && action.Statements.Count > 0)
        {
            var first = action.Statements[0];
            throw new TidemillException(error.Code, $"{first.File}:{first.Line}: {error.Message}", error);
        }
    }
}
