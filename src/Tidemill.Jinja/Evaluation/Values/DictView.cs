namespace Tidemill.Jinja.Evaluation;

internal enum DictViewKind { Keys, Values, Items }

/// <summary>The live view that a dict's <c>keys()</c>, <c>values()</c> and <c>items()</c> give.</summary>
internal sealed class DictView(JinjaDict dict, DictViewKind kind)
{
    public DictViewKind Kind { get; } = kind;

    public int Count => dict.Count;

    public IEnumerable<object?> Items => Kind switch
    {
        DictViewKind.Keys => dict.Keys,
        DictViewKind.Values => dict.Values,
        _ => dict.Select(pair => (object?)new JinjaTuple([pair.Key, pair.Value])),
    };
}
