using Tidemill.Core.Configuration;
using Tidemill.Core.Configuration.Yaml;
using Tidemill.Core.Errors;

namespace Tidemill.Models.Project;

/// <summary>
/// Reads a dbt project folder: dbt_project.yml (name, model-paths, macro-paths, vars, models), the SQL files of the
/// model paths, and the <c>sources:</c> and <c>models:</c> of the YAML files beside them. Keys that Tidemill does not
/// use are left to dbt.
/// </summary>
public sealed class DbtProjectReader
{
    public const string ProjectFile = "dbt_project.yml";

    private const int MaxFileBytes = 4 << 20;

    private readonly string _folder;
    private readonly List<ConfigError> _errors = [];
    private readonly List<SourceTable> _sources = [];
    private readonly Dictionary<string, List<ModelSetting>> _properties = new(StringComparer.Ordinal);

    private DbtProjectReader(string folder) => _folder = folder;

    /// <summary>True when the folder holds a dbt_project.yml.</summary>
    public static bool Exists(string folder) => File.Exists(Path.Combine(folder, ProjectFile));

    /// <summary>Reads the project.</summary>
    /// <exception cref="TidemillException">ConfigurationInvalid, with every error of every file.</exception>
    public static DbtProject Read(string folder)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        return new DbtProjectReader(Path.GetFullPath(folder)).Read();
    }

    private DbtProject Read()
    {
        var root = ReadYaml(ProjectFile);
        var name = root is null ? null : YamlValues.Text(root, "name");
        if (root is not null && name is null)
            Error("name", 0, "The project has no name.", "Write `name: my_project`.", ProjectFile);
        root ??= new MappingNode(1, []);
        var modelPaths = Paths(root, "model-paths", "models");
        foreach (var file in Files(modelPaths, ".yml", ".yaml"))
            ReadProperties(file);
        var folders = new FolderSettings(root.Value("models") as MappingNode, name ?? "");
        var models = ReadModels(modelPaths, folders);
        var project = new DbtProject
        {
            Folder = _folder,
            Name = name ?? "",
            Models = models,
            Sources = _sources,
            Vars = ReadVars(root, name ?? ""),
            Macros = [.. Files(Paths(root, "macro-paths", "macros"), ".sql").Select(path => (path, ReadText(path)))],
        };
        return _errors.Count == 0 ? project : throw TidemillException.Configuration(_errors);
    }

    private List<ModelFile> ReadModels(IReadOnlyList<string> paths, FolderSettings folders)
    {
        var models = new List<ModelFile>();
        var files = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var root in paths)
        {
            foreach (var path in Files([root], ".sql"))
            {
                var name = Path.GetFileNameWithoutExtension(path);
                if (!files.TryAdd(name, path))
                {
                    Error("", 0, $"The model {name} exists already: {files[name]}.", "Rename one of the two.", path);
                    continue;
                }

                var inner = path[(root.Length + 1)..].Split('/')[..^1];
                var settings = folders.For([.. inner, name]).Concat(_properties.GetValueOrDefault(name, []));
                models.Add(new ModelFile(name, path, ReadText(path), [.. settings]) { Folders = inner });
            }
        }

        foreach (var (name, settings) in _properties.Where(property => !files.ContainsKey(property.Key)))
            Error($"models.{name}", settings[0].Line, $"There is no model {name}.", Fix(name, files.Keys), settings[0].File);
        models.Sort((a, b) => string.CompareOrdinal(a.Path, b.Path));
        return models;
    }

    private static string Fix(string name, IEnumerable<string> known) =>
        Suggestion.For(name, known) is { } near ? $"Did you mean {near}?" : "Add its SQL file or remove the entry.";

    private void ReadProperties(string file)
    {
        if (ReadYaml(file) is not { } root)
            return;
        foreach (var source in YamlValues.Items(root, "sources"))
            ReadSource(source, file);
        foreach (var model in YamlValues.Items(root, "models"))
        {
            if (YamlValues.Text(model, "name") is not { } name)
            {
                Error("models", model.Line, "The model has no name.", "Write `- name: my_model`.", file);
                continue;
            }

            if (model.Value("config") is MappingNode config)
                _properties.TryAdd(name, [.. config.Entries.Select(entry => Setting(entry, file))]);
        }
    }

    private void ReadSource(MappingNode source, string file)
    {
        if (YamlValues.Text(source, "name") is not { } name)
        {
            Error("sources", source.Line, "The source has no name.", "Write `- name: my_source`.", file);
            return;
        }

        var schema = YamlValues.Text(source, "schema") ?? name;
        foreach (var table in YamlValues.Items(source, "tables"))
        {
            if (YamlValues.Text(table, "name") is not { } tableName)
                Error($"sources.{name}.tables", table.Line, "The table has no name.", "Write `- name: my_table`.", file);
            else if (_sources.Exists(other => other.Source == name && other.Name == tableName))
                Error($"sources.{name}.{tableName}", table.Line, "The source table is declared twice.", "Keep one of the two.", file);
            else
                _sources.Add(new SourceTable(name, tableName, schema, YamlValues.Text(table, "identifier") ?? tableName, file, table.Line));
        }
    }

    /// <summary>Variables of all projects, then those under this project's name, which win.</summary>
    private static Dictionary<string, object?> ReadVars(MappingNode root, string project)
    {
        var vars = new Dictionary<string, object?>();
        if (root.Value("vars") is not MappingNode mapping)
            return vars;
        foreach (var entry in mapping.Entries.Where(entry => entry.Key != project))
            vars[entry.Key] = YamlValues.Of(entry.Value);
        foreach (var entry in (mapping.Value(project) as MappingNode)?.Entries ?? [])
            vars[entry.Key] = YamlValues.Of(entry.Value);
        return vars;
    }

    internal static ModelSetting Setting(MappingEntry entry, string file) =>
        new(entry.Key.TrimStart('+').Replace('-', '_'), YamlValues.Of(entry.Value), file, entry.KeyLine);

    private static IReadOnlyList<string> Paths(MappingNode root, string key, string fallback) =>
        root.Value(key) is SequenceNode paths
            ? [.. paths.Items.OfType<ScalarNode>().Select(path => path.Text.Trim('/'))] : [fallback];

    private List<string> Files(IReadOnlyList<string> paths, params string[] endings) =>
    [
        .. paths.Select(path => Path.Combine(_folder, path)).Where(Directory.Exists)
            .SelectMany(path => Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories))
            .Where(file => endings.Any(ending => file.EndsWith(ending, StringComparison.Ordinal)))
            .Select(file => Path.GetRelativePath(_folder, file).Replace(Path.DirectorySeparatorChar, '/'))
            .Order(StringComparer.Ordinal),
    ];

    private MappingNode? ReadYaml(string file) => YamlTreeReader.Read(ReadText(file), new FileReport(file, _errors));

    private string ReadText(string file)
    {
        var info = new FileInfo(Path.Combine(_folder, file));
        if (!info.Exists)
        {
            Error("", 0, "There is no such file.", "A folder of models needs it.", file);
            return "";
        }

        if (info.Length <= MaxFileBytes)
            return File.ReadAllText(info.FullName);
        Error("", 0, $"The file is larger than {MaxFileBytes >> 20} MiB.", "Split it.", file);
        return "";
    }

    private void Error(string path, int line, string problem, string fix, string file) =>
        _errors.Add(new ConfigError(path, problem, fix, file, line));
}
