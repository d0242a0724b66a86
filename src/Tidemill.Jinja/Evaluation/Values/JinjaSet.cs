using System.Collections;

namespace Tidemill.Jinja;

/// <summary>A set as Python's, walked in the order of insertion.</summary>
public sealed class JinjaSet : IReadOnlyCollection<object?>
{
    private readonly JinjaDict _items = [];

    public JinjaSet()
    {
    }

    /// <exception cref="JinjaException">An item is mutable, so that it cannot be in a set.</exception>
    public JinjaSet(IEnumerable<object?> items)
    {
        foreach (var item in items)
            Add(item);
    }

    public int Count => _items.Count;

    public bool Contains(object? item) => _items.ContainsKey(item);

    public void Add(object? item) => _items[item] = true;

    public bool Remove(object? item) => _items.Remove(item);

    public void Clear() => _items.Clear();

    public bool IsSubsetOf(JinjaSet other) => Count <= other.Count && this.All(other.Contains);

    public IEnumerator<object?> GetEnumerator() => _items.Keys.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
