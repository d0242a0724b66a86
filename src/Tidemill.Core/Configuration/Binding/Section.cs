using System.Globalization;
using Tidemill.Core.Components;
using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Configuration.Values;
using Tidemill.Core.Configuration.Yaml;
using Tidemill.Core.Schemas;

namespace Tidemill.Core.Configuration.Binding;

/// <summary>
/// Reads the keys of one mapping whose shape was checked before. A value that is absent, or was found wrong by that check,
/// reads as the default: the error is reported already, and binding goes on to find more.
/// </summary>
public sealed class Section(MappingNode node, ObjectShape shape, string path, BindingContext context)
{
    public MappingNode Node { get; } = node;

    public string Path { get; } = path;

    public BindingContext Context { get; } = context;

    public bool Has(string key) => Value(key) is not null;

    public string? Text(string key) => Scalar(key)?.Text;

    public int Integer(string key, int value) => (int)Whole(key, value);

    public long Whole(string key, long value) => Scalar(key) is { } scalar
        && long.TryParse(scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var parsed) ? parsed : value;

    public decimal Decimal(string key, decimal value) => Scalar(key) is { } scalar
        && decimal.TryParse(scalar.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var parsed) ? parsed : value;

    public double Number(string key, double value) => (double)Decimal(key, (decimal)value);

    public bool Flag(string key, bool value) => Scalar(key) is { } scalar && bool.TryParse(scalar.Text, out var parsed) ? parsed : value;

    public TimeSpan? Duration(string key) =>
        Scalar(key) is { } scalar && DurationText.TryParse(scalar.Text, out var parsed) ? parsed : null;

    public long? Size(string key) => Scalar(key) is { } scalar && ByteSizeText.TryParse(scalar.Text, out var parsed) ? parsed : null;

    /// <summary>The enum member spelt like the value, underscores and hyphens left out.</summary>
    public T Choice<T>(string key, T value)
        where T : struct, Enum =>
        Enum.TryParse<T>(Text(key)?.Replace("_", "", StringComparison.Ordinal), ignoreCase: true, out var parsed) ? parsed : value;

    /// <summary>The mapping under the key, empty when absent.</summary>
    public Section Object(string key, ObjectShape inner) =>
        new(Value(key) as MappingNode ?? new MappingNode(Line(key), []), inner, ConfigPath.Key(Path, key), Context);

    /// <summary>The mapping under the key, or what its short form stands for: <c>{<paramref name="shortKey"/>: value}</c>.</summary>
    public Section Object(string key, ObjectShape inner, string shortKey) => Value(key) is { } value and not MappingNode
        ? new Section(
            new MappingNode(value.Line, [new MappingEntry(shortKey, value.Line, value)]), inner, ConfigPath.Key(Path, key), Context)
        : Object(key, inner);

    /// <summary>Entries of the mapping under the key.</summary>
    public IReadOnlyList<MappingEntry> Entries(string key) => (Value(key) as MappingNode)?.Entries ?? [];

    public IReadOnlyList<ConfigNode> Items(string key) => (Value(key) as SequenceNode)?.Items ?? [];

    /// <summary>The texts of a list, or the single text of its short form.</summary>
    public IReadOnlyList<ScalarNode> Texts(string key) => Value(key) switch
    {
        ScalarNode scalar => [scalar],
        SequenceNode list => [.. list.Items.OfType<ScalarNode>()],
        _ => [],
    };

    /// <summary>The single values of the mapping under the key, by their keys.</summary>
    public IReadOnlyDictionary<string, string> TextMap(string key) => Entries(key).Where(e => e.Value is ScalarNode)
        .ToDictionary(e => e.Key, e => ((ScalarNode)e.Value).Text, StringComparer.Ordinal);

    public IReadOnlyDictionary<string, FieldType> Types(string key)
    {
        var types = new Dictionary<string, FieldType>(StringComparer.OrdinalIgnoreCase);
        foreach (var entry in Entries(key))
        {
            if (entry.Value is ScalarNode scalar && FieldType.TryParse(scalar.Text, out var type) && !types.TryAdd(entry.Key, type))
                Error($"{key}.{entry.Key}", entry.KeyLine, $"The column '{entry.Key}' stands here twice.", "Keep one of the two.");
        }

        return types;
    }

    public SqlText? Sql(string key) => Scalar(key) is { } scalar ? new SqlText(scalar.Text, Context.Report.File, scalar.Line) : null;

    /// <summary>The line of the key's value, or of the mapping when the key is absent.</summary>
    public int Line(string key) => Value(key)?.Line ?? Node.Line;

    /// <summary>Reports an error at a place below this section.</summary>
    public void Error(string relativePath, int line, string problem, string fix) =>
        Context.Report.Add(relativePath.Length == 0 ? Path : ConfigPath.Key(Path, relativePath), line, problem, fix);

    /// <summary>Reports an error at a key, on its value's line.</summary>
    public void Error(string key, string problem, string fix) => Error(key, Line(key), problem, fix);

    public ConfigNode? Value(string key)
    {
        if (shape.Find(key) is null)
            throw new InvalidOperationException($"The binder reads '{key}', which the shape of {Path} does not know.");

        Context.Bound.Add((shape, key));
        return Node.Value(key);
    }

    private ScalarNode? Scalar(string key) => Value(key) as ScalarNode;
}

/// <summary>What binding one file needs and leaves behind.</summary>
public sealed class BindingContext(FileReport report, ComponentKinds kinds)
{
    /// <summary>The kinds of parts that the file may name.</summary>
    public ComponentKinds Kinds { get; } = kinds;

    public FileReport Report { get; } = report;

    /// <summary>Every key that was asked for, present or not; a test compares it with the shapes.</summary>
    public HashSet<(ObjectShape Shape, string Key)> Bound { get; init; } = [];

    /// <summary>Targets of the project; null when tidemill.yaml could not be read.</summary>
    public IReadOnlyList<string>? TargetNames { get; init; }

    public string? Target { get; init; }
}
