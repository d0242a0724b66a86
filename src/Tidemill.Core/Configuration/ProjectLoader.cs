using System.Text;
using Tidemill.Core.Components;
using Tidemill.Core.Configuration.Binding;
using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Configuration.Values;
using Tidemill.Core.Configuration.Yaml;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;

namespace Tidemill.Core.Configuration;

/// <summary>Reads a project folder: tidemill.yaml, streams/, workflows/ and dashboards/. docs/guides/configuration.md describes
/// every key.</summary>
public sealed class ProjectLoader
{
    public const string ProjectFile = "tidemill.yaml";
    private const string DefaultTarget = "dev";
    private const int MaxFileBytes = 4 << 20;

    private readonly string _folder;
    private readonly ComponentKinds _kinds;
    private readonly VariableResolver _variables;
    private readonly List<ConfigError> _errors = [];
    private readonly HashSet<(ObjectShape, string)> _bound;
    private readonly FurtherChecks _further;

    private ProjectLoader(
        string folder, ComponentKinds kinds, IReadOnlyDictionary<string, string?> environment, HashSet<(ObjectShape, string)> bound,
        FurtherChecks further)
    {
        _folder = folder;
        _kinds = kinds;
        _bound = bound;
        _further = further;
        _variables = new VariableResolver(folder, environment);
    }

    /// <summary>Reads and checks the whole project.</summary>
    /// <param name="folder">The project folder, absolute or relative to the current one.</param>
    /// <param name="target">The target to choose. Null: the project's default_target, or <c>dev</c>.</param>
    /// <param name="kinds">The kinds of parts that the files may name.</param>
    /// <param name="environment">Values of <c>${NAME}</c>. Null: the process's environment.</param>
    /// <param name="further">What to check beyond the files' own rules. Null: nothing.</param>
    /// <exception cref="TidemillException">ConfigurationInvalid, with every error of every file.</exception>
    public static ProjectDefinition Load(
        string folder, string? target, ComponentKinds kinds, IReadOnlyDictionary<string, string?>? environment = null,
        FurtherChecks? further = null) =>
        Load(folder, target, kinds, environment, [], further);

    /// <summary>As the other; <paramref name="bound"/> takes every key the binders asked for.</summary>
    internal static ProjectDefinition Load(
        string folder, string? target, ComponentKinds kinds, IReadOnlyDictionary<string, string?>? environment,
        HashSet<(ObjectShape, string)> bound, FurtherChecks? further = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        ArgumentNullException.ThrowIfNull(kinds);
        var variables = environment ?? ProcessEnvironment();
        return new ProjectLoader(Path.GetFullPath(folder), kinds, variables, bound, further ?? new FurtherChecks()).Load(target);
    }

    private static Dictionary<string, string?> ProcessEnvironment() =>
        Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
            .ToDictionary(e => (string)e.Key, e => (string?)e.Value, StringComparer.Ordinal);

    private ProjectDefinition Load(string? target)
    {
        var report = new FileReport(ProjectFile, _errors);
        if (!File.Exists(Path.Combine(_folder, ProjectFile)))
        {
            report.Add("", 0, $"There is no such file in {_folder}.", "Name a project folder, or make one with `tidemill init`.");
            throw TidemillException.Configuration(_errors);
        }

        var raw = ReadFile(ProjectFile, report);
        var choice = raw is null ? null : ChooseTarget(raw, target, report);
        var root = raw is null ? null : Check(raw, _kinds.Files.Project.Root, report, choice);
        var flows = LoadFolder(
            "streams", _kinds.Files.Stream.Root, choice, FlowBinder.Bind, flow => flow is StreamDefinition s ? _further.Stream(s) : []);
        var workflows = LoadFolder("workflows", _kinds.Files.Workflow.Root, choice, WorkflowBinder.Bind, _further.Workflow);
        var dashboards = LoadFolder("dashboards", _kinds.Files.Dashboard, choice, DashboardBinder.Bind, _ => []);
        CheckNames(flows.Select(s => (s.Name, s.File)), "stream");
        CheckNames(workflows.Select(w => (w.Name, w.File)), "workflow");
        CheckNames(dashboards.Select(d => (d.Name, d.File)), "dashboard");
        var project = root is null || choice is null ? null : BindProject(root, choice, flows, workflows) with { Dashboards = dashboards };
        CheckConnections(project);
        if (project is not null)
            _errors.AddRange(_further.Project(project));

        return project is null || _errors.Count > 0 ? throw TidemillException.Configuration(Ordered()) : project;
    }

    private ProjectDefinition BindProject(
        Section root, TargetChoice choice, IReadOnlyList<FlowDefinition> flows, IReadOnlyList<WorkflowDefinition> workflows)
    {
        root.Text("default_target");
        var node = root.Entries("targets").FirstOrDefault(e => e.Key == choice.Name)?.Value as MappingNode ?? new MappingNode(0, []);
        return new ProjectDefinition
        {
            Folder = _folder,
            Name = root.Text("name") ?? "",
            Target = new TargetBinder(_kinds).Bind(
                choice.Name, new Section(node, _kinds.Files.Project.Target, $"targets.{choice.Name}", root.Context)),
            TargetNames = choice.Names,
            Topics = ProjectBinder.BindTopics(root),
            Flows = flows,
            Workflows = workflows,
        };
    }

    /// <summary>The chosen target is needed before variables are put in: the others may lack theirs.</summary>
    private TargetChoice ChooseTarget(MappingNode raw, string? wanted, FileReport report)
    {
        var names = raw.Value("targets") is MappingNode { Entries.Count: > 0 } targets
            ? targets.Entries.Select(e => e.Key).ToList()
            : [DefaultTarget];
        var declared = raw.Value("default_target") as ScalarNode;
        var fallback = declared is null
            ? null
            : _variables.ResolveScalar(declared, "default_target", new FileReport(ProjectFile, []), optional: true).Text;
        var name = wanted ?? fallback ?? (names.Count == 1 ? names[0] : DefaultTarget);
        if (fallback is not null && !names.Contains(fallback))
            report.Add("default_target", declared!.Line, $"There is no target '{fallback}'.", Suggestion.Fix(fallback, names, "targets"));

        if (name != fallback && !names.Contains(name))
            report.Add("targets", raw.Value("targets")?.Line ?? 0, $"There is no target '{name}'.", Suggestion.Fix(name, names, "targets"));

        return new TargetChoice(name, names);
    }

    private List<T> LoadFolder<T>(
        string name, ObjectShape shape, TargetChoice? choice, Func<Section, string, T> bind, Func<T, IEnumerable<ConfigError>> further)
    {
        var results = new List<T>();
        foreach (var file in ListFiles(name))
        {
            var report = new FileReport(file, _errors);
            var before = _errors.Count;
            if (ReadFile(file, report) is not { } raw)
                continue;

            var section = Check(raw, shape, report, choice);
            var defaultName = Path.GetFileNameWithoutExtension(file);
            if (section.Text("name") is null && !CommonShapes.Name.Accepts(defaultName))
                report.Add("name", 1, $"The file's name is not {CommonShapes.Name.Rule}.", "Rename the file, or add `name:`.");

            var result = bind(section, defaultName);
            if (_errors.Count == before)
                _errors.AddRange(further(result));

            results.Add(result);
        }

        return results;
    }

    private IEnumerable<string> ListFiles(string name)
    {
        var path = Path.Combine(_folder, name);
        return !Directory.Exists(path)
            ? []
            : Directory.EnumerateFiles(path)
                .Where(f => Path.GetExtension(f) is ".yaml" or ".yml")
                .Select(f => $"{name}/{Path.GetFileName(f)}")
                .Order(StringComparer.Ordinal);
    }

    private Section Check(MappingNode raw, ObjectShape shape, FileReport report, TargetChoice? choice)
    {
        var others = (choice?.Names ?? []).Where(n => n != choice?.Name).Select(n => $"targets.{n}.").ToList();
        var isProject = report.File == ProjectFile;
        var node = (MappingNode)_variables.Resolve(
            raw, "", report, path => isProject && others.Exists(o => path.StartsWith(o, StringComparison.Ordinal)));
        new ShapeValidator(report).Check(node, shape, "");
        var context = new BindingContext(report, _kinds) { Bound = _bound, TargetNames = choice?.Names, Target = choice?.Name };
        return new Section(node, shape, "", context);
    }

    /// <summary>The file's raw nodes; null when it cannot be read or is not YAML, which is reported.</summary>
    private MappingNode? ReadFile(string file, FileReport report)
    {
        try
        {
            var info = new FileInfo(Path.Combine(_folder, file));
            if (info.Length > MaxFileBytes)
            {
                report.Add("", 0, $"The file has {info.Length} bytes; at most {MaxFileBytes} are read.", "Split it.");
                return null;
            }

            var text = new UTF8Encoding(
                encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(info.FullName));
            return YamlTreeReader.Read(text.TrimStart('\uFEFF'), report);
        }
        catch (DecoderFallbackException)
        {
            report.Add("", 0, "The file is not UTF-8.", "Save it as UTF-8.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            report.Add("", 0, $"The file cannot be read: {error.Message}", "Check the file's rights.");
        }

        return null;
    }

    private void CheckNames(IEnumerable<(string Name, string File)> items, string kind)
    {
        var first = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, file) in items)
        {
            if (first.TryAdd(name, file)) continue;
            new FileReport(file, _errors).Add(
                "name", 1, $"The {kind} '{name}' is also defined in {first[name]}.", "Give one of the two another name.");
        }
    }

    private void CheckConnections(ProjectDefinition? project)
    {
        if (project is null)
            return;

        var connections = project.Target.Connections;
        foreach (var flow in project.Flows)
        {
            foreach (var (key, use) in NamedConnections(flow))
            {
                var (name, report) = (use.Connection!, new FileReport(flow.File, _errors));
                if (!connections.TryGetValue(name, out var connection))
                {
                    report.Add(
                        key, 0, $"The target '{project.Target.Name}' has no connection '{name}'.",
                        Suggestion.Fix(name, [.. connections.Keys], "connections"));
                }
                else if (connection.Store != use.Store)
                {
                    var kinds = string.Join(" or ", _kinds.Connections.Where(kind => kind.Store == use.Store).Select(kind => kind.Key));
                    report.Add(
                        key, 0, $"The connection '{name}' is of another type than {kinds}.", $"Name a connection of type {kinds}.");
                }
            }
        }
    }

    private static IEnumerable<(string Key, StoreUse Use)> NamedConnections(FlowDefinition flow)
    {
        var uses = flow switch
        {
            StreamDefinition stream =>
                stream.Sinks.SelectMany(s => s.Kind.Uses(s).Select(use => ($"sinks.{s.Kind.Key}.connection", use)))
                .Prepend(("source.connection", StoreUse.Of<ILog>(stream.Source.Connection))),
            PumpDefinition { Source: var source } => source.Kind.Uses(source)
                .Select(use => ($"source.{source.Kind.Key}.connection", use)),
            _ => [],
        };
        return uses.Where(use => use.Item2.Connection is not null);
    }

    private List<ConfigError> Ordered() =>
        [.. _errors.OrderBy(e => e.File == ProjectFile ? 0 : 1).ThenBy(e => e.File, StringComparer.Ordinal).ThenBy(e => e.Line)];

    private sealed record TargetChoice(string Name, IReadOnlyList<string> Names);
}
