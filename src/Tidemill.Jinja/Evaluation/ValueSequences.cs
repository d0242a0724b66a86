namespace Tidemill.Jinja.Evaluation;

/// <summary>Length, iteration and membership of values as Python's.</summary>
internal static class ValueSequences
{
    public static int? CountOrNull(object? value) => value switch
    {
        string text => CodePoints.Count(text),
        JinjaList list => list.Count,
        JinjaTuple tuple => tuple.Items.Count,
        JinjaDict dict => dict.Count,
        JinjaRange range => range.Length,
        DictView view => view.Count,
        JinjaUndefined => 0,
        LoopContext loop => (int)loop.Length,
        _ => null,
    };

    public static long Count(object? value)
    {
        (value as JinjaUndefined)?.RequireLenient();
        return CountOrNull(value) ?? throw new JinjaException($"{ValueText.TypeName(value)} has no length");
    }

    public static bool IsIterable(object? value) =>
        value is string or JinjaList or JinjaTuple or JinjaDict or JinjaRange or DictView or JinjaGenerator or JinjaUndefined;

    public static IEnumerable<object?> Items(object? value)
    {
        switch (value)
        {
            case JinjaList list:
                return LiveItems(list);
            case JinjaTuple tuple:
                return tuple.Items;
            case JinjaDict dict:
                return dict.Keys;
            case string text:
                return CodePoints.Split(text);
            case JinjaRange range:
                return range.Items;
            case DictView view:
                return view.Items;
            case JinjaGenerator generator:
                return generator.Items;
            case JinjaUndefined undefined:
                undefined.RequireLenient();
                return [];
            default:
                throw new JinjaException($"{ValueText.TypeName(value)} cannot be iterated over");
        }
    }

    public static JinjaList ToList(object? value) => new(Items(value));

    public static bool Contains(object? container, object? item) => container switch
    {
        string text => item is string part
            ? text.Contains(part, StringComparison.Ordinal)
            : throw new JinjaException($"'in' a string wants a string, not {ValueText.TypeName(item)}"),
        JinjaDict dict => dict.ContainsKey(item),
        _ => Items(container).Any(other => ReferenceEquals(other, item) || ValueEquality.AreEqual(other, item)),
    };

    /// <summary>A list may grow while it is walked, as Python allows; the walk sees what was added.</summary>
    private static IEnumerable<object?> LiveItems(JinjaList list)
    {
        for (var i = 0; i < list.Count; i++)
            yield return list[i];
    }
}
