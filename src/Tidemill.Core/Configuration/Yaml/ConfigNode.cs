namespace Tidemill.Core.Configuration.Yaml;

/// <summary>A YAML node with the line it stands on. Immutable; aliases share nodes.</summary>
public abstract class ConfigNode(int line)
{
    /// <summary>One-based line of the value's first character.</summary>
    public int Line { get; } = line;

    /// <summary>Nodes below and including this one, aliases counted each time they are used.</summary>
    public abstract int Weight { get; }

    /// <summary>What the node is, for messages.</summary>
    public abstract string Kind { get; }
}

/// <param name="line">One-based line of the text's first line; the line after the indicator for block scalars.</param>
/// <param name="text">The value, after interpolation when <see cref="Shown"/> is set.</param>
/// <param name="plain">Written without quotes and not as a block.</param>
public sealed class ScalarNode(int line, string text, bool plain) : ConfigNode(line)
{
    public string Text { get; } = text;

    public bool Plain { get; } = plain;

    /// <summary>A variable in it has no value, which the target that is not chosen may leave so.</summary>
    public bool Unresolved { get; init; }

    /// <summary>What messages show instead of the text when variables were put in: their names, never their values.</summary>
    public string? Shown { get; init; }

    public bool IsNull => Plain && (Text is "" or "~" or "null" or "Null" or "NULL");

    public override int Weight => 1;

    public override string Kind => IsNull ? "empty" : "a single value";
}

public sealed class SequenceNode(int line, IReadOnlyList<ConfigNode> items) : ConfigNode(line)
{
    public IReadOnlyList<ConfigNode> Items { get; } = items;

    public override int Weight { get; } = 1 + items.Sum(i => i.Weight);

    public override string Kind => "a list";
}

/// <summary>One key and its value.</summary>
public sealed record MappingEntry(string Key, int KeyLine, ConfigNode Value);

/// <summary>Keys are unique; the reader reports the second of two and leaves it out.</summary>
public sealed class MappingNode(int line, IReadOnlyList<MappingEntry> entries) : ConfigNode(line)
{
    public IReadOnlyList<MappingEntry> Entries { get; } = entries;

    public override int Weight { get; } = 1 + entries.Sum(e => e.Value.Weight);

    public override string Kind => "a mapping";

    public MappingEntry? Find(string key) => Entries.FirstOrDefault(e => e.Key == key);

    /// <summary>The key's value; null when the key is not there or has an empty value.</summary>
    public ConfigNode? Value(string key) => Find(key)?.Value is { } value and not ScalarNode { IsNull: true } ? value : null;
}
