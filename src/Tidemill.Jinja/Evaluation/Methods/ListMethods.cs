namespace Tidemill.Jinja.Evaluation.Methods;

/// <summary>The methods of lists, and of tuples those that only read.</summary>
internal static class ListMethods
{
    private const int MaxItems = 10_000_000;

    private static readonly Signature One = new("append", 1, "item");
    private static readonly Signature InsertSignature = new("insert", 2, "index", "item");
    private static readonly Signature PopSignature = new("pop", 0, "index");
    private static readonly Signature SortSignature = new("sort", 0, "reverse");

    public static JinjaCallable? Find(JinjaList list, string name)
    {
        JinjaFunction? method = name switch
        {
            "append" => arguments => Append(list, arguments.Bind(One)[0]),
            "extend" => arguments => Extend(list, arguments.Bind(One)[0]),
            "insert" => arguments => Insert(list, arguments.Bind(InsertSignature)),
            "pop" => arguments => Pop(list, arguments.Bind(PopSignature)),
            "remove" => arguments => Remove(list, arguments.Bind(One)[0]),
            "reverse" => NoArguments.Method(() => Done(list.Reverse)),
            "clear" => NoArguments.Method(() => Done(list.Clear)),
            "copy" => NoArguments.Method(() => new JinjaList(list)),
            "sort" => arguments => Sort(list, arguments.Bind(SortSignature).Flag(0)),
            _ => null,
        };
        return method is null ? FindReading(list, name) : new JinjaCallable(name, method);
    }

    public static JinjaCallable? FindReading(IReadOnlyList<object?> items, string name) => name switch
    {
        "count" => new JinjaCallable(name, arguments => (long)Count(items, arguments.Bind(One)[0])),
        "index" => new JinjaCallable(name, arguments => (long)IndexOf(items, arguments.Bind(One)[0])),
        _ => null,
    };

    private static int Count(IReadOnlyList<object?> items, object? item) =>
        items.Count(other => ValueEquality.AreEqual(other, item));

    private static int IndexOf(IReadOnlyList<object?> items, object? item)
    {
        for (var i = 0; i < items.Count; i++)
        {
            if (ValueEquality.AreEqual(items[i], item))
                return i;
        }

        throw new JinjaException("the item is not in the list");
    }

    private static object? Append(JinjaList list, object? item)
    {
        RequireRoom(list, 1);
        list.Add(item);
        return null;
    }

    private static object? Extend(JinjaList list, object? items)
    {
        var added = ValueSequences.ToList(items);
        RequireRoom(list, added.Count);
        list.AddRange(added);
        return null;
    }

    private static object? Insert(JinjaList list, BoundArguments arguments)
    {
        RequireRoom(list, 1);
        var index = arguments.WholeNumber(0);
        list.Insert((int)Math.Clamp(index < 0 ? index + list.Count : index, 0, list.Count), arguments[1]);
        return null;
    }

    private static object? Pop(JinjaList list, BoundArguments arguments)
    {
        var index = arguments.WholeNumber(0, -1);
        index = index < 0 ? index + list.Count : index;
        if (index < 0 || index >= list.Count)
            throw new JinjaException(list.Count == 0 ? "pop() of an empty list" : "pop() outside of the list");
        var item = list[(int)index];
        list.RemoveAt((int)index);
        return item;
    }

    private static object? Remove(JinjaList list, object? item)
    {
        list.RemoveAt(IndexOf(list, item));
        return null;
    }

    private static object? Sort(JinjaList list, bool isReverse)
    {
        var sorted = StableSort.Sort([.. list], (a, b) => isReverse ? ValueEquality.Compare(b, a) : ValueEquality.Compare(a, b));
        list.Clear();
        list.AddRange(sorted);
        return null;
    }

    private static object? Done(Action change)
    {
        change();
        return null;
    }

    private static void RequireRoom(JinjaList list, int added)
    {
        if ((long)list.Count + added > MaxItems)
            throw new JinjaException($"a list would have more than {MaxItems} items");
    }
}
