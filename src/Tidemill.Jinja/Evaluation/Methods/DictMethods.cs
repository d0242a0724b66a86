namespace Tidemill.Jinja.Evaluation.Methods;

/// <summary>The methods of dicts.</summary>
internal static class DictMethods
{
    private static readonly Signature GetSignature = new("get", 1, "key", "default");
    private static readonly Signature SetDefaultSignature = new("setdefault", 1, "key", "default");
    private static readonly Signature PopSignature = new("pop", 1, "key", "default");

    public static JinjaCallable? Find(JinjaDict dict, string name)
    {
        JinjaFunction? method = name switch
        {
            "items" => NoArguments.Method(() => new DictView(dict, DictViewKind.Items)),
            "keys" => NoArguments.Method(() => new DictView(dict, DictViewKind.Keys)),
            "values" => NoArguments.Method(() => new DictView(dict, DictViewKind.Values)),
            "get" => arguments => Get(dict, arguments.Bind(GetSignature)),
            "update" => arguments => Update(dict, arguments),
            "pop" => arguments => Pop(dict, arguments.Bind(PopSignature)),
            "popitem" => NoArguments.Method(() => PopItem(dict)),
            "setdefault" => arguments => SetDefault(dict, arguments.Bind(SetDefaultSignature)),
            "copy" => NoArguments.Method(() => Copy(dict)),
            "clear" => NoArguments.Method(() => Clear(dict)),
            _ => null,
        };
        return method is null ? null : new JinjaCallable(name, method);
    }

    /// <summary>Adds the pairs of a dict, or of an iterable of pairs.</summary>
    public static void Merge(JinjaDict dict, object? source)
    {
        if (source is JinjaDict other)
        {
            foreach (var (key, value) in other.ToList())
                dict[key] = value;
            return;
        }

        foreach (var item in ValueSequences.ToList(source))
        {
            var pair = ValueSequences.ToList(item);
            if (pair.Count != 2)
                throw new JinjaException("a dict is made of pairs of key and value");
            dict[pair[0]] = pair[1];
        }
    }

    private static object? Get(JinjaDict dict, BoundArguments arguments) =>
        dict.TryGetValue(arguments[0], out var value) ? value : arguments[1];

    private static object? Update(JinjaDict dict, CallArguments arguments)
    {
        if (arguments.Positional.Count > 1)
            throw new JinjaException("update() takes at most one positional argument");
        if (arguments.Positional.Count == 1)
            Merge(dict, arguments.Positional[0]);
        foreach (var (name, value) in arguments.Keywords)
            dict[name] = value;
        return null;
    }

    private static object? Pop(JinjaDict dict, BoundArguments arguments)
    {
        if (!dict.TryGetValue(arguments[0], out var value))
            return arguments.Has(1) ? arguments[1] : throw new JinjaException("pop() of a key that the dict does not have");
        dict.Remove(arguments[0]);
        return value;
    }

    private static JinjaTuple PopItem(JinjaDict dict)
    {
        if (dict.Count == 0)
            throw new JinjaException("popitem() of an empty dict");
        var (key, value) = dict.PairAt(dict.Count - 1);
        dict.Remove(key);
        return new JinjaTuple([key, value]);
    }

    private static object? SetDefault(JinjaDict dict, BoundArguments arguments)
    {
        if (dict.TryGetValue(arguments[0], out var value))
            return value;
        return dict[arguments[0]] = arguments[1];
    }

    private static JinjaDict Copy(JinjaDict dict)
    {
        var copy = new JinjaDict();
        Merge(copy, dict);
        return copy;
    }

    private static object? Clear(JinjaDict dict)
    {
        dict.Clear();
        return null;
    }
}
