using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Configuration.Binding;
using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;

namespace Tidemill.Workflows.Tasks.Sql;

/// <summary>SQL statements on the warehouse in one transaction.</summary>
public sealed record SqlAction(IReadOnlyList<SqlText> Statements) : TaskAction(SqlTaskKind.Instance);

/// <summary>Runs statements in one transaction; records are the rows they changed.</summary>
public sealed class SqlTaskKind : TaskKind<SqlAction>
{
    private SqlTaskKind()
    {
    }

    public static SqlTaskKind Instance { get; } = new();

    public override string Key => "sql";

    public override string Description => "One statement, or a list; they run in one transaction.";

    public override Shape Shape { get; } = new EitherShape(CommonShapes.Sql, new ListShape(CommonShapes.Sql, MinItems: 1));

    public override TaskAction Bind(Section task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return new SqlAction([.. task.Texts(Key).Select(t => new SqlText(t.Text, task.Context.Report.File, t.Line))]);
    }

    protected override string Describe(SqlAction action)
    {
        ArgumentNullException.ThrowIfNull(action);
        return action.Statements.Count == 1 ? "run 1 statement" : $"run {action.Statements.Count} statements in one transaction";
    }

    protected override IReadOnlyList<StoreUse> Uses(SqlAction action) => [StoreUse.Of<IWarehouse>()];

    protected override async Task<TaskOutcome> RunAsync(SqlAction action, TaskContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(action);
        ArgumentNullException.ThrowIfNull(context);
        try
        {
            var rows = await context.Stores.Get<IWarehouse>()
                .ExecuteInTransactionAsync([.. action.Statements.Select(statement => statement.Text)], cancellationToken);
            return new TaskOutcome(rows.Sum());
        }
        catch (TidemillException error) when (error.Code == ErrorCode.SqlInvalid && action.Statements.Count > 0)
        {
            var first = action.Statements[0];
            throw new TidemillException(error.Code, $"{first.File}:{first.Line}: {error.Message}", error);
        }
    }
}
