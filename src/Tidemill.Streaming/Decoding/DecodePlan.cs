using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Schemas;

namespace Tidemill.Streaming.Decoding;

/// <summary>A decode definition compiled: a trie over property names, the columns, the defaults. Immutable once built.</summary>
internal sealed class DecodePlan
{
    private readonly List<PropertyNode> _nodes = [];

    public DecodePlan(DecodeDefinition definition, MetadataColumns metadata, DriftPolicy drift = DriftPolicy.Ignore)
    {
        Drift = drift;
        Ignore = definition.Ignore.ToHashSet(StringComparer.Ordinal);
        Lenient = definition.Lenient;
        Metadata = metadata;
        Root = NewNode(string.Empty);
        Fields = [.. definition.Fields.Select((field, column) => new FieldPlan(field, column))];
        var columns = definition.Fields.Select(f => new Field(f.Name, f.Type, f.Required)).ToList();
        ExtraColumn = definition.ExtraColumn is null ? -1 : columns.Count;
        if (definition.ExtraColumn is { } extra)
            columns.Add(new Field(extra, new FieldType(FieldKind.Json)));

        FirstMetadataColumn = columns.Count;
        columns.AddRange(MetadataFields(metadata));
        Schema = new Schema(columns);
        for (var i = 0; i < Fields.Count; i++)
            Place(Fields[i], definition.Fields[i].Path);

        _nodes.ForEach(node => node.Seal());
        FieldNodes = SetOfNodesWithFields();
        DecodeDefaults(definition);
    }

    public bool Lenient { get; }

    /// <summary>What becomes of records with undeclared properties or values that fit a wider type.</summary>
    public DriftPolicy Drift { get; }

    /// <summary>Dotted paths of properties that are no drift.</summary>
    public IReadOnlySet<string> Ignore { get; }

    public MetadataColumns Metadata { get; }

    public Schema Schema { get; }

    public PropertyNode Root { get; }

    public IReadOnlyList<FieldPlan> Fields { get; }

    /// <summary>Column for unknown properties, or -1.</summary>
    public int ExtraColumn { get; }

    public int FirstMetadataColumn { get; }

    public IReadOnlyList<PropertyNode> Nodes => _nodes;

    /// <summary>One bit a node, 64 a word: the nodes that must be met, or filled in.</summary>
    public ulong[] FieldNodes { get; }

    /// <summary>Property names from the root to the node.</summary>
    public IReadOnlyList<string> PathOf(PropertyNode node)
    {
        var path = new Stack<string>();
        for (var at = node; at != Root; at = _nodes.First(n => n.Children.Contains(at)))
            path.Push(System.Text.Encoding.UTF8.GetString(at.Name));

        return [.. path];
    }

    private static IEnumerable<Field> MetadataFields(MetadataColumns metadata)
    {
        (MetadataColumns Flag, string Name, FieldKind Kind)[] all =
        [
            (MetadataColumns.Topic, "_topic", FieldKind.Text),
            (MetadataColumns.Partition, "_partition", FieldKind.Int32),
            (MetadataColumns.Offset, "_offset", FieldKind.Int64),
            (MetadataColumns.Timestamp, "_timestamp", FieldKind.Timestamp),
            (MetadataColumns.Key, "_key", FieldKind.Blob),
        ];
        return all.Where(c => metadata.HasFlag(c.Flag))
            .Select(c => new Field(c.Name, new FieldType(c.Kind), c.Flag != MetadataColumns.Key));
    }

    private PropertyNode NewNode(string name)
    {
        var node = new PropertyNode(name, _nodes.Count);
        _nodes.Add(node);
        return node;
    }

    private void Place(FieldPlan field, IReadOnlyList<string> path)
    {
        if (path.Count is 0 or >= JsonScanner.MaxDepth)
        {
            throw new TidemillException(
                ErrorCode.ConfigurationInvalid,
                $"Field {field.Name}: its path needs 1 to {JsonScanner.MaxDepth - 1} property names.");
        }

        var node = Root;
        foreach (var name in path)
        {
            var child = node.Children.FirstOrDefault(c => System.Text.Encoding.UTF8.GetString(c.Name) == name);
            if (child is null)
            {
                child = NewNode(name);
                node.Add(child);
            }

            node = child;
        }

        node.Fields.Add(field);
    }

    private ulong[] SetOfNodesWithFields()
    {
        var set = new ulong[(_nodes.Count + 63) / 64];
        foreach (var node in _nodes.Where(n => n.Fields.Count > 0))
            set[node.Index >> 6] |= 1UL << (node.Index & 63);

        return set;
    }

    private void DecodeDefaults(DecodeDefinition definition)
    {
        for (var i = 0; i < Fields.Count; i++)
        {
            if (definition.Fields[i].Default is { } json)
                Fields[i].Default = DefaultDecoder.Decode(this, Fields[i], json);
        }
    }
}
