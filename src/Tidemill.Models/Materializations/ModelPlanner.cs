using Tidemill.Core.Warehouses;
using Tidemill.Models.Graph;
using Tidemill.Models.Project;

namespace Tidemill.Models.Materializations;

/// <summary>Turns models into the statements that build them, given what stands in the warehouse.</summary>
internal sealed class ModelPlanner(ISqlEngine warehouse)
{
    public async Task<ModelPlan> PlanAsync(IReadOnlyList<CompiledModel> models, CancellationToken cancellationToken)
    {
        var built = models.Select(model => model.Relation).ToHashSet();
        var steps = new List<ModelStep>();
        foreach (var model in models)
        {
            var existing = await warehouse.DescribeAsync(model.Relation, cancellationToken);
            var views = existing is null ? [] : await warehouse.Dialect.DependentViewsAsync(warehouse, model.Relation, cancellationToken);
            steps.Add(new ModelStep
            {
                Model = model,
                Replaces = existing?.Kind,
                Summary = Summary(model, existing?.Kind),
                Statements = [.. Statements(model, existing?.Kind, views, built)],
            });
        }

        return new ModelPlan(steps);
    }

    private IEnumerable<ModelStatement> Statements(
        CompiledModel model, RelationKind? existing, IReadOnlyList<DependentView> views, HashSet<TableName> built)
    {
        if (model.Config.Schema is not null)
            yield return new($"CREATE SCHEMA IF NOT EXISTS {SqlName.Quote(model.Relation.Schema!)}");
        var isTable = model.Config.Materialization == Materialization.Table;
        foreach (var statement in isTable ? BuildTable(model) : [])
            yield return statement;
        if (existing is not null && warehouse.Dialect.NoteProperties([model.Relation, .. views.Select(view => view.Name)]) is { } note)
            yield return new(note);
        foreach (var view in views.Reverse())
            yield return new($"DROP VIEW IF EXISTS {view.Name.Quoted}");
        if (existing is { } kind)
            yield return new($"DROP {(kind == RelationKind.View ? "VIEW" : "TABLE")} IF EXISTS {model.Relation.Quoted}");
        foreach (var statement in isTable ? TakeName(model) : CreateView(model))
            yield return statement;
        foreach (var view in views)
        {
            // One that this run builds anyway may no longer fit the new columns and is left to its own step; any other must fit, or the
            // swap fails and nothing has changed.
            yield return new(warehouse.Dialect.CreateView(view, mayFail: built.Contains(view.Name)));
        }

        if (existing is not null && warehouse.Dialect.RestoreProperties is { } restore)
            yield return new(restore);
    }

    private static IEnumerable<ModelStatement> CreateView(CompiledModel model) =>
        [new($"CREATE VIEW {model.Relation.Quoted} AS\n{model.Sql}", HoldsQuery: true)];

    /// <summary>Indexes are built before the swap, while readers still use the old table, where the engine can.</summary>
    private IEnumerable<ModelStatement> BuildTable(CompiledModel model)
    {
        var temporary = RelationNames.Temporary(model.Relation);
        yield return new($"DROP TABLE IF EXISTS {temporary.Quoted}");
        yield return new($"CREATE TABLE {temporary.Quoted} AS\n{model.Sql}", HoldsQuery: true);
        foreach (var index in warehouse.Dialect.RenamesIndexedTables ? model.Config.Indexes : [])
            yield return CreateIndex(RelationNames.TemporaryIndex(model.Relation, index), temporary, index);
    }

    private IEnumerable<ModelStatement> TakeName(CompiledModel model)
    {
        var relation = model.Relation;
        yield return new($"ALTER TABLE {RelationNames.Temporary(relation).Quoted} RENAME TO {SqlName.Quote(relation.Name)}");
        foreach (var index in model.Config.Indexes)
        {
            yield return warehouse.Dialect.RenamesIndexedTables
                ? new(warehouse.Dialect.RenameIndex(
                    relation.Schema, RelationNames.TemporaryIndex(relation, index), RelationNames.Index(relation, index)))
                : CreateIndex(RelationNames.Index(relation, index), relation, index);
        }
    }

    private static ModelStatement CreateIndex(string name, TableName table, IndexSpec index) => new(
        $"CREATE {(index.Unique ? "UNIQUE " : "")}INDEX {SqlName.Quote(name)} ON {table.Quoted} ({SqlName.List(index.Columns)})");

    private static string Summary(CompiledModel model, RelationKind? existing)
    {
        var isTable = model.Config.Materialization == Materialization.Table;
        var kind = isTable ? "table" : "view";
        var indexes = isTable && model.Config.Indexes.Count > 0
            ? $", {model.Config.Indexes.Count} {(model.Config.Indexes.Count == 1 ? "index" : "indexes")}" : "";
        var isOther = existing is not null && (existing == RelationKind.Table) != isTable;
        var replaces = isOther ? $" (replaces a {(isTable ? "view" : "table")})" : "";
        return $"{(existing is null ? "create" : "rebuild")} {kind} {model.Relation}{indexes}{replaces}";
    }
}
