namespace Tidemill.Jinja.Evaluation;

/// <summary>Jinja2's global functions.</summary>
internal static class BuiltinFunctions
{
    private static readonly Signature JoinerSignature = new("joiner", 0, "sep");

    public static IReadOnlyDictionary<string, JinjaFunction> All { get; } = new Dictionary<string, JinjaFunction>
    {
        ["range"] = Range,
        ["dict"] = Dict,
        ["namespace"] = arguments => new JinjaNamespace(Dict(arguments)),
        ["cycler"] = arguments => new Cycler(arguments.Positional),
        ["joiner"] = Joiner,
    };

    private static JinjaRange Range(CallArguments arguments)
    {
        var numbers = arguments.Positional.Select(ValueNumbers.RequireInteger).ToList();
        return numbers.Count switch
        {
            1 => new JinjaRange(0, numbers[0], 1),
            2 => new JinjaRange(numbers[0], numbers[1], 1),
            3 => new JinjaRange(numbers[0], numbers[1], numbers[2]),
            _ => throw new JinjaException("range() takes one to three integers"),
        };
    }

    private static JinjaDict Dict(CallArguments arguments)
    {
        var dict = new JinjaDict();
        if (arguments.Positional.Count > 1)
            throw new JinjaException("dict() takes at most one positional argument");
        if (arguments.Positional.Count == 1)
            Methods.DictMethods.Merge(dict, arguments.Positional[0]);
        foreach (var (name, value) in arguments.Keywords)
            dict[name] = value;
        return dict;
    }

    private static JinjaCallable Joiner(CallArguments arguments)
    {
        var separator = arguments.Bind(JoinerSignature).Text(0, ", ");
        var isUsed = false;
        return new JinjaCallable("joiner", _ =>
        {
            var text = isUsed ? separator : "";
            isUsed = true;
            return text;
        });
    }

    private sealed class Cycler(IReadOnlyList<object?> items) : IJinjaObject
    {
        private readonly IReadOnlyList<object?> _items =
            items.Count > 0 ? items : throw new JinjaException("cycler() wants at least one item");

        private int _position;

        public bool TryGetAttribute(string name, out object? value)
        {
            value = name switch
            {
                "current" => _items[_position],
                "next" => new JinjaCallable("cycler.next", _ => Next()),
                "reset" => new JinjaCallable("cycler.reset", _ => { _position = 0; return null; }),
                _ => BoundArguments.Missing,
            };
            return !ReferenceEquals(value, BoundArguments.Missing);
        }

        public string ToText() => "<Cycler>";

        private object? Next()
        {
            var item = _items[_position];
            _position = (_position + 1) % _items.Count;
            return item;
        }
    }
}
