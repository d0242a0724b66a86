using System.Globalization;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;
using Tidemill.Models.Graph;

namespace Tidemill.Models.Materializations;

/// <summary>
/// Builds models in the warehouse, one after another in the graph's order. Each is one transaction: readers see the old
/// relation until the new one is whole. A model that fails leaves the old relation as it was.
/// </summary>
public sealed class ModelRunner(ISqlEngine warehouse, ModelGraph graph, TimeProvider time)
{
    /// <summary>What <see cref="RunAsync(IReadOnlyList{string}, CancellationToken)"/> would do now with the same selection.</summary>
    /// <exception cref="TidemillException">NotFound: no model has a selected name. Errors of the warehouse.</exception>
    public Task<ModelPlan> PlanAsync(IReadOnlyList<string> selection, CancellationToken cancellationToken) =>
        new ModelPlanner(warehouse).PlanAsync(graph.Select(selection), cancellationToken);

    /// <summary>
    /// Builds the selected models; none selected means all. Models behind a failed one are skipped, the others go on.
    /// Building twice leaves what building once leaves.
    /// </summary>
    /// <exception cref="TidemillException">NotFound: no model has a selected name. Errors of the warehouse while planning.</exception>
    /// <exception cref="OperationCanceledException">The models built so far stay, the one under way is rolled back.</exception>
    public async Task<IReadOnlyList<ModelResult>> RunAsync(IReadOnlyList<string> selection, CancellationToken cancellationToken)
    {
        var plan = await PlanAsync(selection, cancellationToken);
        return await RunAsync(plan, progress: null, cancellationToken);
    }

    /// <summary>Carries out a plan, reporting each model as it ends.</summary>
    public async Task<IReadOnlyList<ModelResult>> RunAsync(
        ModelPlan plan, IProgress<ModelResult>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var results = new List<ModelResult>();
        var failed = new Dictionary<string, ErrorCode>(StringComparer.Ordinal);
        foreach (var step in plan.Steps)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var cause = step.Model.DependsOn.FirstOrDefault(failed.ContainsKey);
            var result = cause is null ? await BuildAsync(step, cancellationToken) : Skip(step.Model, cause, failed[cause]);
            if (result.Error is { } error)
                failed[step.Model.Name] = error.Code;
            results.Add(result);
            progress?.Report(result);
        }

        return results;
    }

    private async Task<ModelResult> BuildAsync(ModelStep step, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        try
        {
            var changed = await warehouse.ExecuteInTransactionAsync(
                [.. step.Statements.Select(statement => statement.Sql)], cancellationToken);
            var query = step.Statements.Select((statement, index) => (statement, index)).First(pair => pair.statement.HoldsQuery).index;
            return new ModelResult(step.Model.Name, ModelStatus.Succeeded, Math.Max(0, changed[query]), time.GetElapsedTime(started));
        }
        catch (TidemillException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return new ModelResult(
                step.Model.Name,
                ModelStatus.Failed,
                0,
                time.GetElapsedTime(started),
                Error(step.Model, step.Statements.First(statement => statement.HoldsQuery).Sql, e));
        }
    }

    private static ModelResult Skip(CompiledModel model, string cause, ErrorCode code)
    {
        var error = new ModelError(code, $"{model.Path}: Skipped, because {cause} was not built.", model.Path, 0);
        return new ModelResult(model.Name, ModelStatus.Skipped, 0, TimeSpan.Zero, error);
    }

    private static ModelError Error(CompiledModel model, string query, TidemillException error)
    {
        // The query begins on the statement's second line.
        var sqlLine = error.SqlLine > 0 ? error.SqlLine : LineOfCharacter(query, error.SqlCharacter);
        var line = sqlLine > 1 ? model.FileLine(sqlLine - 1) : 0;
        var place = line == 0 ? model.Path : string.Create(CultureInfo.InvariantCulture, $"{model.Path}:{line}");
        return new ModelError(error.Code, $"{place}: {error.Message}", model.Path, line);
    }

    private static int LineOfCharacter(string sql, int character) =>
        character < 1 || character > sql.Length ? 0 : 1 + sql.AsSpan(0, character - 1).Count('\n');
}
