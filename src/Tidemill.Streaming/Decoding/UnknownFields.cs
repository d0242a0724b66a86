using System.Diagnostics.CodeAnalysis;
using System.Text;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;

namespace Tidemill.Streaming.Decoding;

/// <summary>Undeclared properties that one decoder has met, each with the type that holds all its values so far.</summary>
internal sealed class UnknownFields(DecodePlan plan)
{
    /// <summary>A record whose names are data would fill the memory: what comes behind so many names of one object is not
    /// noticed.</summary>
    private const int MaxNames = 1000;

    private readonly Dictionary<byte[], UnknownField>?[] _byNode = new Dictionary<byte[], UnknownField>?[plan.Nodes.Count];

    /// <summary>True when a property came that was not there before, or a value of another type.</summary>
    public bool HasNews { get; private set; }

    /// <summary>Takes a value in; null when too many names are known.</summary>
    public UnknownField? Notice(
        PropertyNode parent, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, TopicPartition partition, long offset)
    {
        var known = _byNode[parent.Index] ??= new Dictionary<byte[], UnknownField>(NameBytes.Instance);
        if (!known.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out var field))
        {
            if (known.Count >= MaxNames)
                return null;

            field = new UnknownField([.. plan.PathOf(parent), Encoding.UTF8.GetString(name)], plan.Ignore)
            {
                First = new RecordPosition(partition, new LogOffset(offset)),
            };
            known[name.ToArray()] = field;
            field.IsNews = !field.Ignored;
            HasNews |= field.IsNews;
        }

        if (!field.Ignored && WiderType.OfValue(value) is { } type && field.Type != type)
            Widen(field, type);

        return field;
    }

    /// <summary>The properties with news since the last call.</summary>
    public List<UnknownField> TakeNews()
    {
        var news = new List<UnknownField>();
        foreach (var field in HasNews ? _byNode.SelectMany(names => names?.Values.AsEnumerable() ?? []) : [])
        {
            if (field.IsNews)
            {
                field.IsNews = false;
                news.Add(field);
            }
        }

        HasNews = false;
        return news;
    }

    private void Widen(UnknownField field, FieldType type)
    {
        var joined = field.Type is { } before ? WiderType.Join(before, type) : type;
        if (joined != field.Type)
        {
            field.Type = joined;
            field.IsNews = true;
            HasNews = true;
        }
    }

    private sealed class NameBytes : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static readonly NameBytes Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] bytes) => GetHashCode(bytes.AsSpan());

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        [SuppressMessage("Performance", "CA1822", Justification = "The interface's method.")]
        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = new HashCode();
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }
    }
}

/// <summary>An undeclared property.</summary>
internal sealed class UnknownField(IReadOnlyList<string> path, IReadOnlySet<string> ignore)
{
    public IReadOnlyList<string> Path { get; } = path;

    /// <summary>The path with dots.</summary>
    public string Field { get; } = string.Join('.', path);

    public bool Ignored { get; } = ignore.Contains(string.Join('.', path));

    /// <summary>Null while only nulls came.</summary>
    public FieldType? Type { get; set; }

    /// <summary>The first record with it.</summary>
    public required RecordPosition First { get; init; }

    public bool IsNews { get; set; }
}
