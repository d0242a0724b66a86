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
        JinjaSet set => set.Count,
        IJinjaSequence sequence => sequence.Count,
        JinjaUndefined => 0,
        LoopContext loop => (int)loop.Length,
        _ => null,
    };

    public static long Count(object? value)
    {
        (value as JinjaUndefined)?.RequireLenient();
        return CountOrNull(value) ?? throw new JinjaException($"object of type {ValueText.Quoted(value)} has no len()");
    }

    public static bool IsIterable(object? value) =>
        value is string or JinjaList or JinjaTuple or JinjaDict or JinjaSet or JinjaRange or DictView or JinjaGenerator or JinjaUndefined
            or IJinjaSequence;

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
            case JinjaSet set:
                return set;
            case IJinjaSequence sequence:
                return sequence.Items.Select(JinjaValue.From);
            case JinjaUndefined undefined:
                undefined.RequireLenient();
                return [];
            default:
                throw new JinjaException($"{ValueText.Object(value)} is not iterable");
        }
    }

    public static JinjaList ToList(object? value) => new(Items(value));

    public static bool Contains(object? container, object? item) => container switch
    {
        string text => item is string part
            ? text.Contains(part, StringComparison.Ordinal)
            : throw new JinjaException($"'in <string>' requires string as left operand, not {ValueText.ClassName(item)}"),
        JinjaDict dict => dict.ContainsKey(item),
        JinjaSet set => set.Contains(item),
        null or bool or long or double or decimal => throw new JinjaException(
            $"argument of type {ValueText.Quoted(container)} is not iterable"),
        _ => Items(container).Any(other => ReferenceEquals(other, item) || ValueEquality.AreEqual(other, item)),
    };

    /// <summary>A list may grow while it is walked, as Python allows; the walk sees what was added.</summary>
    private static IEnumerable<object?> LiveItems(JinjaList list)
    {
        for (var i = 0; i < list.Count; i++)
            yield return list[i];
    }
}
