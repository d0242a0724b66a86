namespace Tidemill.Jinja.Evaluation.Methods;

/// <summary>The methods of sets.</summary>
internal static class SetMethods
{
    private static readonly Signature One = new("method", 1, "item");

    public static JinjaCallable? Find(JinjaSet set, string name)
    {
        JinjaFunction? method = name switch
        {
            "add" => arguments => Done(() => set.Add(arguments.Bind(One)[0])),
            "discard" => arguments => Done(() => set.Remove(arguments.Bind(One)[0])),
            "remove" => arguments => Remove(set, arguments.Bind(One)[0]),
            "pop" => NoArguments.Method(() => Pop(set)),
            "clear" => NoArguments.Method(() => Done(set.Clear)),
            "copy" => NoArguments.Method(() => new JinjaSet(set)),
            "union" => arguments => new JinjaSet(set.Concat(All(arguments))),
            "intersection" => arguments => Intersection(set, arguments),
            "difference" => arguments => Difference(set, new JinjaSet(All(arguments))),
            "symmetric_difference" => arguments => SymmetricDifference(set, Other(arguments)),
            "update" => arguments => Done(() => Replace(set, [.. set, .. All(arguments)])),
            "intersection_update" => arguments => Done(() => Replace(set, [.. Intersection(set, arguments)])),
            "difference_update" => arguments => Done(() => Replace(set, [.. Difference(set, new JinjaSet(All(arguments)))])),
            "symmetric_difference_update" => arguments => Done(() => Replace(set, [.. SymmetricDifference(set, Other(arguments))])),
            "issubset" => arguments => set.IsSubsetOf(Other(arguments)),
            "issuperset" => arguments => Other(arguments).IsSubsetOf(set),
            "isdisjoint" => arguments => !Other(arguments).Any(set.Contains),
            _ => null,
        };
        return method is null ? null : new JinjaCallable(name, method);
    }

    public static JinjaSet Difference(JinjaSet set, JinjaSet other) => new(set.Where(item => !other.Contains(item)));

    private static IEnumerable<object?> All(CallArguments arguments) => arguments.Positional.SelectMany(ValueSequences.ToList);

    private static JinjaSet Other(CallArguments arguments) =>
        arguments.Bind(One)[0] is var other && other is JinjaSet set ? set : new JinjaSet(ValueSequences.Items(other));

    private static JinjaSet Intersection(JinjaSet set, CallArguments arguments)
    {
        var others = arguments.Positional.Select(other => new JinjaSet(ValueSequences.Items(other))).ToList();
        return new JinjaSet(set.Where(item => others.TrueForAll(other => other.Contains(item))));
    }

    private static JinjaSet SymmetricDifference(JinjaSet set, JinjaSet other) =>
        new(Difference(set, other).Concat(Difference(other, set)));

    private static void Replace(JinjaSet set, List<object?> items)
    {
        set.Clear();
        foreach (var item in items)
            set.Add(item);
    }

    private static object? Remove(JinjaSet set, object? item) =>
        set.Remove(item) ? null : throw new JinjaException(ValueText.Represent(item));

    private static object? Pop(JinjaSet set)
    {
        if (set.Count == 0)
            throw new JinjaException("pop from an empty set");
        var item = set.First();
        set.Remove(item);
        return item;
    }

    private static object? Done(Action change)
    {
        change();
        return null;
    }
}
