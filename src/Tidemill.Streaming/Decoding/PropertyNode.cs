using System.Text;

namespace Tidemill.Streaming.Decoding;

/// <summary>A property name on the way to declared fields; the root has no name.</summary>
internal sealed class PropertyNode
{
    private readonly List<PropertyNode> _children = [];
    private PropertyNode?[] _buckets = new PropertyNode?[4];
    private PropertyNode? _nextInBucket;

    public PropertyNode(string name, int index)
    {
        Name = Encoding.UTF8.GetBytes(name);
        Written = [(byte)'"', .. Name, (byte)'"', (byte)':'];
        Index = index;
    }

    public byte[] Name { get; }

    /// <summary>
    /// The name as most producers write it, colon included. With space before the colon, or escapes, it is found by
    /// <see cref="Name"/> instead.
    /// </summary>
    public byte[] Written { get; }

    /// <summary>Number of the node in the trie; the root is 0.</summary>
    public int Index { get; }

    /// <summary>Fields that read this property's value, most often one.</summary>
    public List<FieldPlan> Fields { get; } = [];

    /// <summary>Properties inside this one; empty for a leaf.</summary>
    public IReadOnlyList<PropertyNode> Children => _children;

    /// <summary>The field to report when the property as a whole is at fault.</summary>
    public FieldPlan? FirstField => Fields.Count > 0 ? Fields[0] : null;

    /// <summary>The field, when the value feeds just one and nothing lies below.</summary>
    public FieldPlan? OnlyField { get; private set; }

    public PropertyNode? Find(ReadOnlySpan<byte> name)
    {
        var node = _buckets[Hash(name) & (_buckets.Length - 1)];
        while (node is not null && !name.SequenceEqual(node.Name))
            node = node._nextInBucket;

        return node;
    }

    public void Add(PropertyNode child)
    {
        _children.Add(child);
        if (_children.Count > _buckets.Length)
            _buckets = new PropertyNode?[_buckets.Length * 2];

        Array.Clear(_buckets);
        foreach (var node in _children)
        {
            ref var bucket = ref _buckets[Hash(node.Name) & (_buckets.Length - 1)];
            node._nextInBucket = bucket;
            bucket = node;
        }
    }

    /// <summary>Called once all fields and children are there.</summary>
    public void Seal() => OnlyField = Fields.Count == 1 && _children.Count == 0 ? Fields[0] : null;

    private static int Hash(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty)
            return 0;

        var hash = (uint)name.Length + (name[0] * 31u) + (name[^1] * 961u) + (name[name.Length / 2] * 29791u);
        return (int)(hash ^ (hash >> 7));
    }
}
