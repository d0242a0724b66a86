using Tidemill.Jinja;
using Tidemill.Models.Project;

namespace Tidemill.Models.Graph;

/// <summary>dbt's <c>config</c>: called, it sets keys of the model; <c>config.get</c> reads what is set.</summary>
internal sealed class ConfigFunction(string file, List<ModelSetting> settings) : IJinjaCallable, IJinjaObject
{
    private static readonly Signature GetSignature = new("config.get", 1, "name", "default");

    public string Name => "config";

    public object? Call(CallArguments arguments)
    {
        var line = arguments.Position.Line;
        if (arguments.Positional is [JinjaDict dict])
            settings.AddRange(dict.Select(pair => new ModelSetting(JinjaValue.ToText(pair.Key), pair.Value, file, line)));
        else if (arguments.Positional.Count > 0)
            throw new JinjaException("config() takes named arguments or one dict");
        settings.AddRange(arguments.Keywords.Select(pair => new ModelSetting(pair.Key, pair.Value, file, line)));
        return "";
    }

    public bool TryGetAttribute(string name, out object? value)
    {
        value = name is "get" or "require" ? new JinjaCallable($"config.{name}", Get) : null;
        return value is not null;
    }

    public string ToText() => "";

    private object? Get(CallArguments arguments)
    {
        var bound = arguments.Bind(GetSignature);
        var name = bound.Text(0);
        return settings.LastOrDefault(setting => setting.Key == name) is { } found ? found.Value : bound[1];
    }
}
