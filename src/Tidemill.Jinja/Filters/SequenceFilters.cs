using System.Text;
using Tidemill.Jinja.Evaluation;

namespace Tidemill.Jinja.Filters;

/// <summary>Filters on values and sequences that neither calculate nor compare.</summary>
internal static class SequenceFilters
{
    private static readonly Signature One = new("filter", 1, "value");
    private static readonly Signature AttrSignature = new("attr", 2, "obj", "name");
    private static readonly Signature BatchSignature = new("batch", 2, "value", "linecount", "fill_with");
    private static readonly Signature SliceSignature = new("slice", 2, "value", "slices", "fill_with");
    private static readonly Signature DefaultSignature = new("default", 1, "value", "default_value", "boolean");
    private static readonly Signature JoinSignature = new("join", 1, "value", "d", "attribute");

    public static object? Attr(CallArguments arguments)
    {
        var bound = arguments.Bind(AttrSignature);
        var name = bound.Text(1);
        return bound[0] is JinjaDict dict && dict.ContainsKey(name) && Evaluation.Methods.DictMethods.Find(dict, name) is null
            ? arguments.Interpreter.Members.Undefined($"dict has no attribute '{name}'")
            : arguments.Interpreter.Members.Attribute(bound[0], name);
    }

    public static object? Batch(CallArguments arguments)
    {
        var bound = arguments.Bind(BatchSignature);
        var size = Math.Max(1, ValueNumbers.RequireSize(bound[1]));
        return new JinjaGenerator(Batches(ValueSequences.Items(bound[0]), size, bound[2]));
    }

    public static object? Slice(CallArguments arguments)
    {
        var bound = arguments.Bind(SliceSignature);
        var slices = ValueNumbers.RequireSize(bound[1]);
        if (slices is < 1 or > 1_000_000)
            throw new JinjaException("slice() wants one to a million slices");
        return new JinjaGenerator(Slices(ValueSequences.ToList(bound[0]), slices, bound[2]));
    }

    public static object? Default(CallArguments arguments)
    {
        var bound = arguments.Bind(DefaultSignature);
        var isMissing = bound[0] is JinjaUndefined || (bound.Flag(2) && !JinjaValue.IsTrue(bound[0]));
        return isMissing ? bound.Get(1, "") : bound[0];
    }

    public static object? First(CallArguments arguments)
    {
        foreach (var item in ValueSequences.Items(arguments.Bind(One)[0]))
            return item;
        return arguments.Interpreter.Members.Undefined("there is no first item, the sequence is empty");
    }

    public static object? Last(CallArguments arguments)
    {
        var value = arguments.Bind(One)[0];
        if (value is JinjaGenerator)
            throw new JinjaException("last() wants a sequence; put '| list' before it");
        var items = ValueSequences.ToList(value);
        return items.Count > 0 ? items[^1] : arguments.Interpreter.Members.Undefined("there is no last item, the sequence is empty");
    }

    /// <summary>Any one of the items.</summary>
    public static object? Random(CallArguments arguments)
    {
        var items = ValueSequences.ToList(arguments.Bind(One)[0]);
        return items.Count > 0
            ? items[System.Random.Shared.Next(items.Count)]
            : arguments.Interpreter.Members.Undefined("No random item, sequence was empty.");
    }

    public static object? Join(CallArguments arguments)
    {
        var bound = arguments.Bind(JoinSignature);
        var read = AttributePath.Reader(arguments.Interpreter, bound[2]);
        var separator = bound.Text(1);
        var result = new StringBuilder();
        var isFirst = true;
        foreach (var item in ValueSequences.Items(bound[0]))
        {
            result.Append(isFirst ? "" : separator).Append(JinjaValue.ToText(read(item)));
            isFirst = false;
            if (result.Length > 64 * 1024 * 1024)
                throw new JinjaException("a string would be too long");
        }

        return result.ToString();
    }

    public static object? Length(CallArguments arguments) => ValueSequences.Count(arguments.Bind(One)[0]);

    public static object? List(CallArguments arguments) => ValueSequences.ToList(arguments.Bind(One)[0]);

    /// <summary>A dict's pairs; nothing for an undefined value.</summary>
    public static object? Pairs(CallArguments arguments) => arguments.Bind(One)[0] switch
    {
        JinjaUndefined => new JinjaGenerator([]),
        JinjaDict dict => new JinjaGenerator(dict.Select(pair => (object?)new JinjaTuple([pair.Key, pair.Value]))),
        var value => throw new JinjaException($"items() wants a dict, not {ValueText.TypeName(value)}"),
    };

    public static object? Reverse(CallArguments arguments)
    {
        var value = arguments.Bind(One)[0];
        var items = ValueSequences.ToList(value);
        items.Reverse();
        return value is string ? string.Concat(items) : new JinjaGenerator(items);
    }

    private static IEnumerable<object?> Batches(IEnumerable<object?> items, int size, object? fill)
    {
        var batch = new JinjaList();
        foreach (var item in items)
        {
            if (batch.Count == size)
            {
                yield return batch;
                batch = [];
            }

            batch.Add(item);
        }

        if (batch.Count == 0)
            yield break;
        if (fill is not null)
            batch.AddRange(Enumerable.Repeat(fill, size - batch.Count));
        yield return batch;
    }

    /// <summary>
    /// The items in so many columns; the first ones take one more when they do not come out even, and the others the
    /// fill, which all take when the items do come out even (a quirk of Jinja2).
    /// </summary>
    private static IEnumerable<object?> Slices(JinjaList items, int slices, object? fill)
    {
        var (size, longer) = (items.Count / slices, items.Count % slices);
        var at = 0;
        for (var slice = 0; slice < slices; slice++)
        {
            var count = size + (slice < longer ? 1 : 0);
            var column = new JinjaList(items.Skip(at).Take(count));
            at += count;
            if (fill is not null && slice >= longer)
                column.Add(fill);
            yield return column;
        }
    }
}
