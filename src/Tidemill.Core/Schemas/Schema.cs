namespace Tidemill.Core.Schemas;

/// <summary>A named, typed column.</summary>
/// <param name="Name">Column name; compared without regard to case, as SQL does.</param>
/// <param name="Type">The column's type.</param>
/// <param name="Required">True when NULL is not allowed.</param>
public sealed record Field(string Name, FieldType Type, bool Required = false);

/// <summary>The columns of a batch or table, in order. Names are unique without regard to case.</summary>
public sealed record Schema
{
    public Schema(IReadOnlyList<Field> fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var field in fields)
        {
            if (!seen.Add(field.Name))
                throw new ArgumentException($"Column {field.Name} stands twice in the schema.", nameof(fields));
        }

        Fields = fields;
    }

    public IReadOnlyList<Field> Fields { get; }

    /// <summary>The column's position, or -1.</summary>
    public int IndexOf(string name)
    {
        for (var i = 0; i < Fields.Count; i++)
        {
            if (Fields[i].Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                return i;
        }

        return -1;
    }

    public bool Equals(Schema? other) => other is not null && Fields.SequenceEqual(other.Fields);

    public override int GetHashCode() => Fields.Aggregate(0, HashCode.Combine);

    public override string ToString() => string.Join(", ", Fields.Select(f => $"{f.Name} {f.Type}"));
}
