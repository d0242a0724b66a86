using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;
using Tidemill.Jinja;

namespace Tidemill.Models.Project;

/// <summary>Turns settings, the later ones winning, into a <see cref="ModelConfig"/>; keys that only dbt knows are left out.</summary>
internal sealed class ModelConfigReader(List<ConfigError> errors)
{
    private static readonly string[] Materializations = ["view", "table"];

    public ModelConfig Read(IEnumerable<ModelSetting> settings)
    {
        var config = new ModelConfig();
        foreach (var setting in settings)
            config = Apply(config, setting);
        return config;
    }

    private ModelConfig Apply(ModelConfig config, ModelSetting setting) => setting.Key switch
    {
        "materialized" => config with { Materialization = Materialized(setting) },
        "enabled" => config with { Enabled = Flag(setting) },
        "alias" => config with { Alias = Text(setting) },
        "schema" => config with { Schema = Text(setting) },
        "indexes" => config with { Indexes = Indexes(setting) },
        _ => config,
    };

    private Materialization Materialized(ModelSetting setting)
    {
        switch (setting.Value)
        {
            case "view":
                return Materialization.View;
            case "table":
                return Materialization.Table;
            default:
                var text = JinjaValue.ToText(setting.Value);
                var near = Suggestion.For(text, Materializations);
                Error(setting, $"'{text}' is no materialization.", near is null ? "Write view or table." : $"Did you mean '{near}'?");
                return Materialization.View;
        }
    }

    private bool Flag(ModelSetting setting)
    {
        if (setting.Value is bool flag)
            return flag;
        Error(setting, "This is neither true nor false.", "Write true or false.");
        return true;
    }

    private string? Text(ModelSetting setting)
    {
        if (setting.Value is null or string { Length: > 0 })
            return (string?)setting.Value;
        Error(setting, "This is no name.", "Write a text.");
        return null;
    }

    private List<IndexSpec> Indexes(ModelSetting setting)
    {
        var indexes = new List<IndexSpec>();
        foreach (var item in setting.Value as JinjaList ?? new JinjaList([setting.Value]))
        {
            var columns = item is JinjaDict dict && dict.TryGetValue("columns", out var listed) && listed is JinjaList list
                ? list.OfType<string>().ToList() : [];
            var unique = item is JinjaDict options && options.TryGetValue("unique", out var flag) && flag is true;
            if (columns.Count == 0)
                Error(setting, "An index has no columns.", "Write indexes as [{'columns': ['a'], 'unique': true}].");
            else
                indexes.Add(new IndexSpec(columns, unique));
        }

        return indexes;
    }

    private void Error(ModelSetting setting, string problem, string fix) =>
        errors.Add(new ConfigError(setting.Key, problem, fix, setting.File, setting.Line));
}
