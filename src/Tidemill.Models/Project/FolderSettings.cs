using Tidemill.Core.Configuration.Yaml;

namespace Tidemill.Models.Project;

/// <summary>
/// The <c>models:</c> of dbt_project.yml: mappings nested as the folders are, below the project's name. Keys that begin
/// with <c>+</c>, and keys whose value is no mapping, configure the models of their folder.
/// </summary>
internal sealed class FolderSettings(MappingNode? root, string project)
{
    /// <summary>The settings of a model, outermost folder first. The path is its folders and its name.</summary>
    public IEnumerable<ModelSetting> For(IReadOnlyList<string> path)
    {
        var level = root;
        foreach (var name in path.Prepend(project))
        {
            if (level is null)
                yield break;
            foreach (var setting in Own(level))
                yield return setting;
            level = level.Value(name) as MappingNode;
        }

        foreach (var setting in level is null ? [] : Own(level))
            yield return setting;
    }

    private static IEnumerable<ModelSetting> Own(MappingNode level) => level.Entries
        .Where(entry => entry.Key.StartsWith('+') || entry.Value is not MappingNode)
        .Select(entry => DbtProjectReader.Setting(entry, DbtProjectReader.ProjectFile));
}
