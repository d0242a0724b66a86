using Tidemill.Core.Configuration.Yaml;

namespace Tidemill.Core.Configuration.Shapes;

/// <summary>Compares a file's nodes with the shape they must have and reports every difference.</summary>
internal sealed class ShapeValidator(FileReport report)
{
    public void Check(ConfigNode node, Shape shape, string path)
    {
        switch (shape)
        {
            case AnyShape:
                break;
            case ScalarShape scalar:
                CheckScalar(node, scalar, path);
                break;
            case ListShape list:
                CheckList(node, list, path);
                break;
            case MapShape map:
                CheckMap(node, map, path);
                break;
            case ObjectShape keys:
                CheckObject(node, keys, path);
                break;
            case EitherShape either:
                CheckEither(node, either, path);
                break;
            case KindShape kinds:
                CheckKind(node, kinds, path);
                break;
            default:
                throw new InvalidOperationException($"{shape.GetType().Name} has no check.");
        }
    }

    /// <summary>The value as a message may show it: variables by name, secrets and long texts not at all.</summary>
    public static string Show(ScalarNode node, bool secret) =>
        secret || node.Text.Length > 100 ? "The value" : $"'{node.Shown ?? node.Text}'";

    private void CheckScalar(ConfigNode node, ScalarShape shape, string path)
    {
        if (node is not ScalarNode { IsNull: false } scalar)
            report.Add(path, node.Line, $"The value is {node.Kind}.", shape.Fix);
        else if (!scalar.Unresolved && !shape.Accepts(scalar.Text))
            report.Add(path, node.Line, $"{Show(scalar, shape.Secret)} is not accepted.", NearChoice(scalar, shape));
    }

    private static string NearChoice(ScalarNode scalar, ScalarShape shape) =>
        shape is ChoiceShape choice && Suggestion.For(scalar.Text, choice.Values) is { } near
            ? $"Did you mean '{near}'?"
            : shape.Fix;

    private void CheckList(ConfigNode node, ListShape shape, string path)
    {
        if (node is not SequenceNode list)
        {
            report.Add(path, node.Line, $"The value is {node.Kind}, not a list.", "Write a list, such as [a, b].");
            return;
        }

        if (list.Items.Count < shape.MinItems)
            report.Add(path, node.Line, "The list is empty.", "Write at least one item, or leave the key out.");

        for (var i = 0; i < list.Items.Count; i++)
            Check(list.Items[i], shape.Item, ConfigPath.Item(path, i));
    }

    private void CheckMap(ConfigNode node, MapShape shape, string path)
    {
        if (AsMapping(node, path, "Write names and values, such as `name: value`.") is not { } map)
            return;

        if (map.Entries.Count < shape.MinEntries)
            report.Add(path, node.Line, "The mapping is empty.", "Write at least one entry.");

        foreach (var entry in map.Entries)
        {
            var child = ConfigPath.Key(path, entry.Key);
            if (!shape.Key.Accepts(entry.Key))
                report.Add(child, entry.KeyLine, $"The name '{entry.Key}' is not accepted.", shape.Key.Fix);

            Check(entry.Value, shape.Value, child);
        }
    }

    private void CheckObject(ConfigNode node, ObjectShape shape, string path)
    {
        if (AsMapping(node, path, $"Write keys and values; known keys: {string.Join(", ", shape.Keys)}.") is not { } map)
            return;

        foreach (var entry in map.Entries)
            CheckProperty(map, entry, shape, path);

        // A misspelt key is reported as such, not also as missing.
        var meant = map.Entries.Where(e => shape.Find(e.Key) is null).Select(e => Suggestion.For(e.Key, shape.Keys)).ToHashSet();
        foreach (var missing in shape.Properties.Where(p => p.Required && map.Value(p.Key) is null && !meant.Contains(p.Key)))
            report.Add(ConfigPath.Key(path, missing.Key), map.Line, $"The key '{missing.Key}' is missing.", $"Add `{missing.Key}:`.");

        var known = map.Entries.Count(e => shape.Find(e.Key) is not null);
        if (shape.ExactlyOne && known != 1 && meant.All(m => m is null))
        {
            report.Add(
                path, map.Line, known == 0 ? "No kind is given." : "More than one kind is given.",
                $"Write exactly one of: {string.Join(", ", shape.Keys)}.");
        }
    }

    private void CheckProperty(MappingNode map, MappingEntry entry, ObjectShape shape, string path)
    {
        var child = ConfigPath.Key(path, entry.Key);
        if (shape.Find(entry.Key) is not { } property)
        {
            report.Add(child, entry.KeyLine, $"Unknown key '{entry.Key}'.", Suggestion.Fix(entry.Key, shape.Keys, "keys"));
            return;
        }

        var isElsewhere = shape.Reference is { } reference && map.Value(reference) is not null;
        if (!isElsewhere
            && property.OnlyWith is { } only
            && !only.Value.Split('|').Contains((map.Find(only.Key)?.Value as ScalarNode)?.Text))
        {
            var with = $"`{only.Key}: {only.Value.Replace("|", " or ", StringComparison.Ordinal)}`";
            report.Add(child, entry.KeyLine, $"'{entry.Key}' has no effect without {with}.", $"Add {with}, or remove '{entry.Key}'.");
        }

        // An empty value leaves the key out, which the caller reports for a required key.
        if (entry.Value is not ScalarNode { IsNull: true })
            Check(entry.Value, property.Shape, child);
    }

    private void CheckKind(ConfigNode node, KindShape shape, string path)
    {
        var types = string.Join(", ", shape.Kinds.Select(kind => kind.Type));
        if (AsMapping(node, path, $"Write keys and values, `type` among them: one of {types}.") is not { } map)
            return;

        var type = map.Value(KindShape.TypeKey) as ScalarNode;
        if (shape.Find(type?.Text) is { } keys)
            CheckObject(map, keys, path);
        else if (map.Value(KindShape.TypeKey) is { } value)
            Check(value, new ChoiceShape([.. shape.Kinds.Select(kind => kind.Type)]), ConfigPath.Key(path, KindShape.TypeKey));
        else
            report.Add(ConfigPath.Key(path, KindShape.TypeKey), map.Line, "The key 'type' is missing.", $"Add `type:`, one of {types}.");
    }

    private void CheckEither(ConfigNode node, EitherShape shape, string path)
    {
        Shape? chosen = node switch
        {
            ScalarNode { IsNull: false } => shape.Scalar,
            SequenceNode => shape.List,
            MappingNode => shape.Mapping,
            _ => null,
        };
        if (chosen is not null)
        {
            Check(node, chosen, path);
            return;
        }

        var fixes = new[] { shape.Scalar?.Rule, shape.List is null ? null : "a list", shape.Mapping is null ? null : "a mapping" };
        report.Add(path, node.Line, $"The value is {node.Kind}.", $"Write {string.Join(", or ", fixes.OfType<string>())}.");
    }

    private MappingNode? AsMapping(ConfigNode node, string path, string fix)
    {
        switch (node)
        {
            case MappingNode mapping:
                return mapping;
            case ScalarNode { IsNull: true }:
                return new MappingNode(node.Line, []);
            default:
                report.Add(path, node.Line, $"The value is {node.Kind}, not a mapping.", fix);
                return null;
        }
    }
}
