using System.Globalization;
using Tidemill.Core.Configuration.Yaml;
using Tidemill.Jinja;

namespace Tidemill.Models.Project;

/// <summary>YAML nodes as the values that templates calculate with.</summary>
internal static class YamlValues
{
    public static object? Of(ConfigNode node)
    {
        switch (node)
        {
            case SequenceNode sequence:
                return new JinjaList(sequence.Items.Select(Of));
            case MappingNode mapping:
                var dict = new JinjaDict();
                foreach (var entry in mapping.Entries)
                    dict[entry.Key] = Of(entry.Value);
                return dict;
            default:
                return Scalar((ScalarNode)node);
        }
    }

    public static string? Text(MappingNode mapping, string key) => (mapping.Value(key) as ScalarNode)?.Text;

    /// <summary>The mappings of a list under a key; whatever else stands there is left out.</summary>
    public static IEnumerable<MappingNode> Items(MappingNode mapping, string key) =>
        mapping.Value(key) is SequenceNode sequence ? sequence.Items.OfType<MappingNode>() : [];

    private static object? Scalar(ScalarNode scalar)
    {
        if (!scalar.Plain)
            return scalar.Text;
        if (scalar.IsNull)
            return null;
        return scalar.Text switch
        {
            "true" or "True" or "TRUE" => true,
            "false" or "False" or "FALSE" => false,
            _ when long.TryParse(scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => whole,
            _ when double.TryParse(scalar.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real)
                && double.IsFinite(real) => real,
            _ => scalar.Text,
        };
    }
}
