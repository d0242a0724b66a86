using Tidemill.Jinja.Evaluation.Methods;

namespace Tidemill.Jinja.Evaluation;

/// <summary>Attributes, items and slices: <c>a.b</c> tries attribute then item, <c>a['b']</c> item then attribute.</summary>
internal sealed class Members(UndefinedBehavior undefined)
{
    public object? Attribute(object? target, string name) =>
        TryAttribute(target, name, out var value) || TryItem(target, name, out value) ? value : Missing(target, name);

    public object? Item(object? target, object? key)
    {
        if (target is JinjaUndefined missing)
            return missing.Behavior is UndefinedBehavior.Chainable or UndefinedBehavior.Callable ? missing : throw missing.Error();
        return TryItem(target, key, out var value) || (key is string name && TryAttribute(target, name, out value))
            ? value : Missing(target, key);
    }

    public static object? Slice(object? target, object? start, object? stop, object? step)
    {
        var stride = step is null ? 1 : ValueNumbers.RequireInteger(step);
        if (stride == 0)
            throw new JinjaException("a slice's step must not be zero");
        switch (target)
        {
            case string text when CodePoints.IsPlain(text):
                return string.Concat(Picks(text.Length, start, stop, stride).Select(i => text[i]));
            case string text:
                var letters = CodePoints.Split(text).ToList();
                return string.Concat(Picks(letters.Count, start, stop, stride).Select(i => letters[i]));
            case JinjaList list:
                return new JinjaList(Picks(list.Count, start, stop, stride).Select(i => list[i]));
            case JinjaTuple tuple:
                return new JinjaTuple([.. Picks(tuple.Items.Count, start, stop, stride).Select(i => tuple.Items[i])]);
            case JinjaRange range:
                return range.Slice(Bounds(range.Length, start, stop, stride), stride);
            case JinjaUndefined missing:
                return missing.Behavior is UndefinedBehavior.Chainable or UndefinedBehavior.Callable ? missing : throw missing.Error();
            default:
                throw new JinjaException($"{ValueText.TypeName(target)} cannot be sliced");
        }
    }

    public JinjaUndefined NameUndefined(string name) => new($"'{name}' is undefined", undefined);

    public JinjaUndefined Undefined(string problem) => new(problem, undefined);

    private static bool TryAttribute(object? target, string name, out object? value)
    {
        value = null;
        switch (target)
        {
            case IJinjaObject host when host.TryGetAttribute(name, out value):
                value = JinjaValue.From(value);
                return true;
            case string text:
                value = StringMethods.Find(text, name);
                break;
            case JinjaDict dict:
                value = DictMethods.Find(dict, name);
                break;
            case JinjaList list:
                value = ListMethods.Find(list, name);
                break;
            case JinjaSet set:
                value = SetMethods.Find(set, name);
                break;
            case JinjaTuple tuple:
                return TryTupleAttribute(tuple, name, out value);
            case long or bool or double or decimal:
                value = NumberMethods.Find(target, name);
                break;
            case JinjaUndefined { Behavior: UndefinedBehavior.Chainable or UndefinedBehavior.Callable } chained:
                value = chained;
                return true;
            case JinjaUndefined missing:
                throw missing.Error();
        }

        return value is not null;
    }

    private static bool TryTupleAttribute(JinjaTuple tuple, string name, out object? value)
    {
        for (var i = 0; i < (tuple.Names?.Count ?? 0); i++)
        {
            if (tuple.Names![i] != name)
                continue;
            value = tuple.Items[i];
            return true;
        }

        value = ListMethods.FindReading(tuple.Items, name);
        return value is not null;
    }

    private static bool TryItem(object? target, object? key, out object? value)
    {
        value = null;
        switch (target)
        {
            case JinjaDict dict:
                return key is not (JinjaList or JinjaDict) && dict.TryGetValue(key, out value);
            case JinjaList list when ValueNumbers.TryGetLong(key, out var index):
                return TryAt(list, index, out value);
            case JinjaTuple tuple when ValueNumbers.TryGetLong(key, out var index):
                return TryAt(tuple.Items, index, out value);
            case JinjaRange range when ValueNumbers.TryGetLong(key, out var index):
                return TryAt([.. range.Items], index, out value);
            case string text when ValueNumbers.TryGetLong(key, out var index):
                return TryAt([.. CodePoints.Split(text)], index, out value);
            case IJinjaSequence sequence when sequence.TryGetItem(key, out value):
                value = JinjaValue.From(value);
                return true;
            case IJinjaObject host when key is string name && host.TryGetAttribute(name, out value):
                value = JinjaValue.From(value);
                return true;
            default:
                return false;
        }
    }

    private static bool TryAt(IReadOnlyList<object?> items, long index, out object? value)
    {
        index = index < 0 ? index + items.Count : index;
        var isInside = index >= 0 && index < items.Count;
        value = isInside ? items[(int)index] : null;
        return isInside;
    }

    private static IEnumerable<int> Picks(int length, object? start, object? stop, long step)
    {
        var (first, end) = Bounds(length, start, stop, step);
        for (Int128 i = first; step > 0 ? i < end : i > end; i += step)
            yield return (int)i;
    }

    /// <summary>The first place of a slice, and the one it stops before.</summary>
    private static (long First, long End) Bounds(int length, object? start, object? stop, long step)
    {
        long Clamp(object? bound, long fallback)
        {
            if (bound is null)
                return fallback;
            var index = ValueNumbers.RequireInteger(bound);
            index = index < 0 ? index + length : index;
            return step > 0 ? Math.Clamp(index, 0, length) : Math.Clamp(index, -1, length - 1);
        }

        return (Clamp(start, step > 0 ? 0 : length - 1), Clamp(stop, step > 0 ? length : -1));
    }

    /// <summary>An attribute or item that is not there; the words are Jinja2's.</summary>
    private JinjaUndefined Missing(object? target, object? key)
    {
        var type = target is null ? "None" : ValueText.TypeName(target) is "object" ? "object" : $"{ValueText.ClassName(target)} object";
        return Undefined(key is string name ? $"'{type}' has no attribute {PythonString.Quote(name)}"
            : $"{type} has no element {ValueText.Represent(key)}");
    }
}
