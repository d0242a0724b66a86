using System.Diagnostics.CodeAnalysis;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Jinja;
using Tidemill.Models.Project;

namespace Tidemill.Models.Graph;

/// <summary>
/// What one model's template sees: ref, source, config, this. It notes what the model refers to; a name that does not
/// exist is noted as an error, so that one rendering finds them all.
/// </summary>
internal sealed class ModelContext : IJinjaContext
{
    private static readonly Signature SourceSignature = new("source", 2, "source_name", "table_name");

    private readonly ModelFile _file;
    private readonly ModelNames _names;
    private readonly List<ConfigError> _errors;
    private readonly Dictionary<string, object?> _values;

    public ModelContext(
        ModelFile file, ModelNames names, Relation self, bool isExecuting, List<ModelSetting> settings, List<ConfigError> errors)
    {
        (_file, _names, _errors) = (file, names, errors);
        _values = new Dictionary<string, object?>
        {
            ["ref"] = new JinjaCallable("ref", Ref),
            ["source"] = new JinjaCallable("source", Source),
            ["config"] = new ConfigFunction(file.Path, settings),
            ["this"] = self,
            ["execute"] = isExecuting,
            ["model"] = new Dictionary<string, object?> { ["name"] = file.Name, ["path"] = file.Path, ["resource_type"] = "model" },
        };
    }

    public SortedSet<string> DependsOn { get; } = new(StringComparer.Ordinal);

    public List<SourceTable> Sources { get; } = [];

    public bool TryResolve(string name, [MaybeNullWhen(false)] out object? value) => _values.TryGetValue(name, out value);

    /// <summary>ref('model') or ref('project', 'model'); a version is not known here.</summary>
    private Relation Ref(CallArguments arguments)
    {
        var names = arguments.Positional.Select(JinjaValue.ToText).ToList();
        if (names.Count is not (1 or 2) || arguments.Keywords.Count > 0)
            throw new JinjaException("ref() takes a model's name, or a project's name and a model's");
        var name = names[^1];
        if (names.Count == 2 && names[0] != _names.Project)
            return Unknown(arguments, name, $"There is no project {names[0]}.", $"Only models of {_names.Project} can be referred to.");
        if (!_names.Models.TryGetValue(name, out var relation))
            return Unknown(arguments, name, $"There is no model {name}.", Fix(name, _names.Models.Keys, "Add its SQL file."));
        DependsOn.Add(name);
        return relation;
    }

    private Relation Source(CallArguments arguments)
    {
        var bound = arguments.Bind(SourceSignature);
        var (source, table) = (bound.Text(0), bound.Text(1));
        if (!_names.Sources.TryGetValue((source, table), out var found))
        {
            var known = _names.Sources.Keys.Select(key => $"{key.Source}.{key.Table}");
            return Unknown(arguments, table, $"There is no source table {source}.{table}.",
                Fix($"{source}.{table}", known, "Declare it under sources: in a YAML file of the models folder."));
        }

        if (!Sources.Contains(found.Table))
            Sources.Add(found.Table);
        return found.Relation;
    }

    private Relation Unknown(CallArguments arguments, string name, string problem, string fix)
    {
        _errors.Add(new ConfigError("", problem, fix, _file.Path, arguments.Position.Line));
        return new Relation(new(name, null));
    }

    private static string Fix(string name, IEnumerable<string> known, string otherwise) =>
        Suggestion.For(name, known) is { } near ? $"Did you mean {near}?" : otherwise;
}

/// <summary>What models can refer to.</summary>
internal sealed record ModelNames(
    string Project,
    IReadOnlyDictionary<string, Relation> Models,
    IReadOnlyDictionary<(string Source, string Table), (SourceTable Table, Relation Relation)> Sources);
