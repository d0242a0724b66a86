using Tidemill.Jinja.Evaluation;

namespace Tidemill.Jinja.Filters;

/// <summary>Filters that order, group and compare items.</summary>
internal static class SortFilters
{
    private static readonly Signature SortSignature = new("sort", 1, "value", "reverse", "case_sensitive", "attribute");
    private static readonly Signature DictSortSignature = new("dictsort", 1, "value", "case_sensitive", "by", "reverse");
    private static readonly Signature GroupSignature = new("groupby", 2, "value", "attribute", "default", "case_sensitive");
    private static readonly Signature UniqueSignature = new("unique", 1, "value", "case_sensitive", "attribute");
    private static readonly string[] GroupNames = ["grouper", "list"];

    public static object? Sort(CallArguments arguments)
    {
        var bound = arguments.Bind(SortSignature);
        var isCaseSensitive = bound.Flag(2);
        var readers = (bound[3] is string paths ? paths.Split(',') : new[] { bound[3] })
            .Select(path => AttributePath.IgnoringCase(AttributePath.Reader(arguments.Interpreter, path), isCaseSensitive)).ToList();
        var keyed = ValueSequences.Items(bound[0])
            .Select(item => (Item: item, Keys: readers.Select(read => read(item)).ToList())).ToList();
        var sign = bound.Flag(1) ? -1 : 1;
        return new JinjaList(StableSort.Sort(keyed, (a, b) => sign * CompareKeys(a.Keys, b.Keys)).Select(pair => pair.Item));
    }

    public static object? DictSort(CallArguments arguments)
    {
        var bound = arguments.Bind(DictSortSignature);
        var by = bound.Text(2, "key");
        if (by is not ("key" or "value"))
            throw new JinjaException("dictsort() sorts by 'key' or by 'value'");
        if (bound[0] is not JinjaDict dict)
            throw new JinjaException($"dictsort() wants a dict, not {ValueText.TypeName(bound[0])}");
        var read = AttributePath.IgnoringCase(item => item, bound.Flag(1));
        var sign = bound.Flag(3) ? -1 : 1;
        var sorted = StableSort.Sort([.. dict], (a, b) => sign * (by == "key"
            ? ValueEquality.Compare(read(a.Key), read(b.Key)) : ValueEquality.Compare(read(a.Value), read(b.Value))));
        return new JinjaList(sorted.Select(pair => new JinjaTuple([pair.Key, pair.Value])));
    }

    /// <summary>Groups in the order of their keys; each is a tuple of <c>grouper</c> and <c>list</c>.</summary>
    public static object? GroupBy(CallArguments arguments)
    {
        var bound = arguments.Bind(GroupSignature);
        var read = AttributePath.Reader(arguments.Interpreter, bound[1], bound[2]);
        var key = AttributePath.IgnoringCase(read, bound.Flag(3));
        var sorted = StableSort.Sort(
            [.. ValueSequences.Items(bound[0]).Select(item => (Item: item, Key: key(item)))],
            (a, b) => ValueEquality.Compare(a.Key, b.Key));
        var groups = new JinjaList();
        for (var start = 0; start < sorted.Count;)
        {
            var end = start + 1;
            while (end < sorted.Count && ValueEquality.AreEqual(sorted[end].Key, sorted[start].Key))
                end++;
            var items = new JinjaList(sorted[start..end].Select(pair => pair.Item));
            groups.Add(new JinjaTuple([read(items[0]), items], GroupNames));
            start = end;
        }

        return groups;
    }

    public static object? Unique(CallArguments arguments)
    {
        var bound = arguments.Bind(UniqueSignature);
        var key = AttributePath.IgnoringCase(AttributePath.Reader(arguments.Interpreter, bound[2]), bound.Flag(1));
        return new JinjaGenerator(Distinct(ValueSequences.Items(bound[0]), key));
    }

    public static object? Min(CallArguments arguments) => Extreme(arguments, sign: 1);

    public static object? Max(CallArguments arguments) => Extreme(arguments, sign: -1);

    private static IEnumerable<object?> Distinct(IEnumerable<object?> items, Func<object?, object?> key)
    {
        var seen = new JinjaDict();
        foreach (var item in items)
        {
            var value = key(item);
            if (seen.ContainsKey(value))
                continue;
            seen[value] = true;
            yield return item;
        }
    }

    private static object? Extreme(CallArguments arguments, int sign)
    {
        var bound = arguments.Bind(UniqueSignature);
        var key = AttributePath.IgnoringCase(AttributePath.Reader(arguments.Interpreter, bound[2]), bound.Flag(1));
        object? best = null;
        object? bestKey = null;
        var isEmpty = true;
        foreach (var item in ValueSequences.Items(bound[0]))
        {
            var itemKey = key(item);
            if (isEmpty || sign * ValueEquality.Compare(itemKey, bestKey) < 0)
                (best, bestKey) = (item, itemKey);
            isEmpty = false;
        }

        return isEmpty ? arguments.Interpreter.Members.Undefined("there is no least or greatest item, the sequence is empty") : best;
    }

    private static int CompareKeys(List<object?> left, List<object?> right)
    {
        for (var i = 0; i < left.Count; i++)
        {
            var order = ValueEquality.AreEqual(left[i], right[i]) ? 0 : ValueEquality.Compare(left[i], right[i]);
            if (order != 0)
                return order;
        }

        return 0;
    }
}
