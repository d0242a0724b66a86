using System.Collections;
using System.Diagnostics.CodeAnalysis;
using Tidemill.Jinja.Evaluation;

namespace Tidemill.Jinja;

/// <summary>A dict as Python's: insertion order, and keys equal as Python has it (1, 1.0 and True are one key).</summary>
public sealed class JinjaDict : IEnumerable<KeyValuePair<object?, object?>>
{
    private static readonly object NoneKey = new();

    private readonly OrderedDictionary<object, object?> _values = new(KeyComparer.Instance);

    public int Count => _values.Count;

    public IEnumerable<object?> Keys => this.Select(pair => pair.Key);

    public IEnumerable<object?> Values => this.Select(pair => pair.Value);

    public object? this[object? key]
    {
        get => _values[key ?? NoneKey];
        set => _values[key ?? NoneKey] = value;
    }

    public bool TryGetValue(object? key, [MaybeNullWhen(false)] out object? value) =>
        _values.TryGetValue(key ?? NoneKey, out value);

    public bool ContainsKey(object? key) => _values.ContainsKey(key ?? NoneKey);

    public bool Remove(object? key) => _values.Remove(key ?? NoneKey);

    public void Clear() => _values.Clear();

    /// <summary>The pair at a place in insertion order, from 0.</summary>
    public KeyValuePair<object?, object?> PairAt(int index)
    {
        var pair = _values.GetAt(index);
        return new(Unwrap(pair.Key), pair.Value);
    }

    /// <exception cref="JinjaException">The dict grew or shrank while it was walked.</exception>
    public IEnumerator<KeyValuePair<object?, object?>> GetEnumerator()
    {
        var count = Count;
        for (var i = 0; i < count; i++)
        {
            yield return PairAt(i);
            if (Count != count)
                throw new JinjaException("a dict changed its size while it was iterated over");
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static object? Unwrap(object key) => ReferenceEquals(key, NoneKey) ? null : key;

    private sealed class KeyComparer : IEqualityComparer<object>
    {
        public static readonly KeyComparer Instance = new();

        bool IEqualityComparer<object>.Equals(object? left, object? right) =>
            ReferenceEquals(left, right) || ValueEquality.AreEqual(left, right);

        int IEqualityComparer<object>.GetHashCode(object value) =>
            ReferenceEquals(value, NoneKey) ? 0 : ValueEquality.Hash(value);
    }
}
