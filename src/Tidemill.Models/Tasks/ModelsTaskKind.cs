using Tidemill.Core.Components;
using Tidemill.Core.Configuration.Binding;
using Tidemill.Core.Configuration.Shapes;

namespace Tidemill.Models.Tasks;

/// <summary>Models by selection: names, +name (with all before), name+ (with all after). Empty: all.</summary>
public sealed record ModelsAction(IReadOnlyList<string> Select) : TaskAction(ModelsTaskKind.Instance);

/// <summary>Runs models; whoever puts the program together connects it to the project's models.</summary>
public interface IModelExecution
{
    /// <summary>Runs the selected models (empty: all) in their order and returns the rows written.</summary>
    Task<long> RunAsync(IReadOnlyList<string> select, CancellationToken cancellationToken);
}

/// <summary>Runs models; records are the rows they wrote.</summary>
public sealed class ModelsTaskKind : TaskKind<ModelsAction>
{
    private static readonly TextShape Selector = new("[^ \\t\\r\\n]", "a selector: a model's name, +name, name+, tag:x, path:x, ...");

    private ModelsTaskKind()
    {
    }

    public static ModelsTaskKind Instance { get; } = new();

    public override string Key => "models";

    public override string Description =>
        "Models to run by dbt's selectors: `name`, `+name` (with all before it), `name+` (with all after it), `tag:x`; `[]` runs all.";

    public override Shape Shape { get; } = new EitherShape(Selector, new ListShape(Selector));

    public override TaskAction Bind(Section task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return new ModelsAction([.. task.Texts(Key).Select(t => t.Text)]);
    }

    protected override string Describe(ModelsAction action)
    {
        ArgumentNullException.ThrowIfNull(action);
        return action.Select.Count == 0 ? "run all models" : $"run models {string.Join(' ', action.Select)}";
    }

    protected override IReadOnlyList<StoreUse> Uses(ModelsAction action) => [StoreUse.Of<IModelExecution>()];

    protected override async Task<TaskOutcome> RunAsync(ModelsAction action, TaskContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(action);
        ArgumentNullException.ThrowIfNull(context);
        return new TaskOutcome(await context.Stores.Get<IModelExecution>().RunAsync(action.Select, cancellationToken));
    }
}
