using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;
using Tidemill.Jinja;
using Tidemill.Models.Project;

namespace Tidemill.Models.Graph;

/// <summary>
/// Renders a project's models for a target. As dbt it renders twice: first with <c>execute</c> false for the
/// configuration of each model, which names its relation, then for the SQL.
/// </summary>
public sealed class ModelCompiler
{
    private readonly DbtProject _project;
    private readonly ModelTarget _target;
    private readonly JinjaEnvironment _environment = new();
    private readonly List<ConfigError> _errors = [];

    private ModelCompiler(DbtProject project, ModelTarget target) => (_project, _target) = (project, target);

    /// <summary>Compiles the enabled models.</summary>
    /// <param name="project">The project as read.</param>
    /// <param name="target">The target.</param>
    /// <param name="variables">Values of <c>env_var</c>. Null: the process's environment.</param>
    /// <exception cref="TidemillException">ConfigurationInvalid, with every error found, cycles among them.</exception>
    public static ModelGraph Compile(DbtProject project, ModelTarget target, IReadOnlyDictionary<string, string?>? variables = null)
    {
        ArgumentNullException.ThrowIfNull(project);
        ArgumentNullException.ThrowIfNull(target);
        return new ModelCompiler(project, target).Compile(variables ?? ProcessEnvironment());
    }

    private static Dictionary<string, string?> ProcessEnvironment() =>
        Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
            .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value, StringComparer.Ordinal);

    private ModelGraph Compile(IReadOnlyDictionary<string, string?> variables)
    {
        var vars = new Dictionary<string, object?>(_project.Vars);
        ProjectFunctions.AddTo(_environment, _project.Name, _target, vars, variables);
        foreach (var (name, value) in _project.Vars)
            vars[name] = RenderValue(value, DbtProjectReader.ProjectFile, 1);
        LoadMacros();
        var sources = SourceRelations();
        var parsed = ParseAll(sources);
        ThrowIfErrors();
        var names = new ModelNames(
            _project.Name, parsed.ToDictionary(model => model.File.Name, model => model.Relation), sources);
        var models = parsed.Select(model => Render(model, names)).OfType<CompiledModel>().ToList();
        ThrowIfErrors();
        var graph = ModelGraph.Create(models, _errors);
        ThrowIfErrors();
        return graph!;
    }

    private void LoadMacros()
    {
        foreach (var (path, text) in _project.Macros)
        {
            var macros = Try(path, () => _environment.Parse(path, text).Load(DictionaryContext.Empty));
            foreach (var (name, value) in macros ?? new Dictionary<string, object?>())
                _environment.Globals[name] = value;
        }
    }

    private Dictionary<(string, string), (SourceTable, Relation)> SourceRelations() => _project.Sources.ToDictionary(
        source => (source.Source, source.Name),
        source => (source, new Relation(new TableName(
            RenderText(source.Identifier, source.File, source.Line), RenderText(source.Schema, source.File, source.Line)))));

    private List<ParsedModel> ParseAll(Dictionary<(string, string), (SourceTable, Relation)> sources)
    {
        var placeholders = new ModelNames(
            _project.Name,
            _project.Models.ToDictionary(file => file.Name, file => new Relation(new TableName(file.Name, _target.Schema))), sources);
        var parsed = _project.Models.Select(file => Parse(file, placeholders)).OfType<ParsedModel>()
            .Where(model => model.Config.Enabled).ToList();
        foreach (var twins in parsed.GroupBy(model => model.Relation.ToText()).Where(group => group.Count() > 1))
        {
            var last = twins.Last();
            _errors.Add(new ConfigError(
                "alias", $"The relation {twins.Key} is built by {string.Join(" and ", twins.Select(model => model.File.Name))}.",
                "Give one of them another alias or schema.", last.File.Path, 1));
        }

        return parsed;
    }

    /// <summary>The first rendering; what refers to nothing is told by the second.</summary>
    private ParsedModel? Parse(ModelFile file, ModelNames names)
    {
        var settings = file.Settings.Select(
            setting => setting with { Value = RenderValue(setting.Value, setting.File, setting.Line) }).ToList();
        var context = new ModelContext(file, names, names.Models[file.Name], isExecuting: false, settings, errors: []);
        var template = Try(file.Path, () => _environment.Parse(file.Path, file.Text));
        if (template is null || Try(file.Path, () => template.Render(context)) is null)
            return null;
        var config = new ModelConfigReader(_errors).Read(settings);
        var schema = config.Schema is null ? _target.Schema : $"{_target.Schema}_{config.Schema}";
        return new ParsedModel(file, template, config, settings, new Relation(new TableName(config.Alias ?? file.Name, schema)));
    }

    private CompiledModel? Render(ParsedModel model, ModelNames names)
    {
        var file = model.File;
        var context = new ModelContext(file, names, model.Relation, isExecuting: true, [.. model.Settings], _errors);
        if (Try(file.Path, () => model.Template.RenderMapped(context)) is not { } rendering)
            return null;
        var sql = rendering.Text.Trim();
        if (sql.Length == 0)
            _errors.Add(new ConfigError("", "The model renders to nothing.", "Write a query.", file.Path, 1));
        return new CompiledModel
        {
            Name = file.Name,
            Path = file.Path,
            Config = model.Config,
            Configured = ConfiguredKeys.Merge(model.Settings),
            Fqn = [_project.Name, .. file.Folders, file.Name],
            Relation = model.Relation.Name,
            Sql = sql,
            DependsOn = [.. context.DependsOn],
            Sources = context.Sources,
            Rendering = rendering,
        };
    }

    private object? RenderValue(object? value, string file, int line) => value switch
    {
        string text => RenderText(text, file, line),
        JinjaList list => new JinjaList(list.Select(item => RenderValue(item, file, line))),
        _ => value,
    };

    private string RenderText(string text, string file, int line)
    {
        if (!text.Contains("{{", StringComparison.Ordinal) && !text.Contains("{%", StringComparison.Ordinal))
            return text;
        return Try(file, () => _environment.Parse(file, text).Render(DictionaryContext.Empty), line) ?? text;
    }

    /// <summary>The result, or null after noting the error. A text out of YAML stands at the line given.</summary>
    private T? Try<T>(string file, Func<T> render, int? line = null)
        where T : class
    {
        try
        {
            return render();
        }
        catch (JinjaException e)
        {
            var problem = char.ToUpperInvariant(e.Problem[0]) + e.Problem[1..] + (e.Problem.EndsWith('.') ? "" : ".");
            _errors.Add(new ConfigError("", problem, "Mend the Jinja there.", e.TemplateName ?? file, line ?? e.Line));
            return null;
        }
    }

    private void ThrowIfErrors()
    {
        if (_errors.Count > 0)
            throw TidemillException.Configuration([.. _errors.Distinct()]);
    }

    private sealed record ParsedModel(
        ModelFile File, JinjaTemplate Template, ModelConfig Config, IReadOnlyList<ModelSetting> Settings, Relation Relation);
}
