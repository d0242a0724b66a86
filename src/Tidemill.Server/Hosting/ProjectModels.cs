using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;
using Tidemill.Models;
using Tidemill.Models.Graph;
using Tidemill.Models.Materializations;
using Tidemill.Models.Project;
using Tidemill.Models.Tasks;

namespace Tidemill.Server.Hosting;

/// <summary>The project's models. They are read again for each use, so that a saved file counts without a restart.</summary>
internal sealed class ProjectModels(string folder, string target, IWarehouse warehouse, TimeProvider time) : IModelExecution
{
    public ModelRunner Open()
    {
        if (!DbtProjectReader.Exists(folder))
        {
            throw new TidemillException(
                ErrorCode.NotFound, $"The project has no models: there is no {DbtProjectReader.ProjectFile} in it.");
        }

        return new ModelRunner(warehouse, ModelCompiler.Compile(DbtProjectReader.Read(folder), ModelTarget.Of(target, warehouse)), time);
    }

    /// <summary>Runs a task's models; the first that fails makes the task fail, with its code, so that retries are decided by it.</summary>
    public async Task<long> RunAsync(IReadOnlyList<string> select, CancellationToken cancellationToken)
    {
        var results = await Open().RunAsync(select, cancellationToken);
        return results.FirstOrDefault(r => r.Status == ModelStatus.Failed)?.Error is { } error
            ? throw new TidemillException(error.Code, error.Message)
            : results.Sum(r => r.Rows);
    }
}
