using Tidemill.Jinja;

namespace Tidemill.Models.Project;

/// <summary>A model's settings as one set of keys: later ones win, but tags add up and <c>meta</c> is merged by its keys.</summary>
internal static class ConfiguredKeys
{
    public static Dictionary<string, object?> Merge(IEnumerable<ModelSetting> settings)
    {
        var keys = new Dictionary<string, object?>
        {
            ["materialized"] = "view",
            ["enabled"] = true,
            ["on_schema_change"] = "ignore",
            ["on_configuration_change"] = "apply",
            ["tags"] = new JinjaList([]),
            ["meta"] = new JinjaDict(),
        };
        foreach (var setting in settings)
        {
            keys[setting.Key] = (setting.Key, setting.Value) switch
            {
                ("tags", var tags) => new JinjaList((JinjaList)keys["tags"]!).With(tags),
                ("meta", JinjaDict meta) => Merged((JinjaDict)keys["meta"]!, meta),
                ("meta", _) => keys["meta"],
                (_, var value) => value,
            };
        }

        return keys;
    }

    private static JinjaList With(this JinjaList tags, object? more)
    {
        foreach (var tag in more as JinjaList ?? new JinjaList([more]))
            tags.Add(tag);
        return tags;
    }

    private static JinjaDict Merged(JinjaDict first, JinjaDict second)
    {
        var merged = new JinjaDict();
        foreach (var (key, value) in first.Concat(second))
            merged[key] = value;
        return merged;
    }
}
