using Tidemill.Core.Warehouses;
using Tidemill.Models.Graph;

namespace Tidemill.Models.Materializations;

/// <summary>What a run will do, in order: printed by the plan command, carried out by <see cref="ModelRunner"/>.</summary>
public sealed record ModelPlan(IReadOnlyList<ModelStep> Steps);

/// <summary>One model's part of a plan.</summary>
public sealed record ModelStep
{
    public required CompiledModel Model { get; init; }

    /// <summary>What stands there now and is replaced; null when the relation is new.</summary>
    public required RelationKind? Replaces { get; init; }

    /// <summary>What happens, for people: <c>build table main.orders, 2 indexes (replaces a view)</c>.</summary>
    public required string Summary { get; init; }

    /// <summary>The statements, run in one transaction: readers see the old relation until all of them are done.</summary>
    public required IReadOnlyList<ModelStatement> Statements { get; init; }
}

/// <summary>One statement of a step.</summary>
/// <param name="Sql">The statement.</param>
/// <param name="HoldsQuery">The model's query begins on the statement's second line.</param>
public sealed record ModelStatement(string Sql, bool HoldsQuery = false);
