using System.Text;

namespace Tidemill.Jinja.Evaluation;

/// <summary>Python's <c>str.format</c>: <c>{}</c>, <c>{0}</c>, <c>{name}</c>, <c>{a.b[c]!r:format}</c>.</summary>
internal sealed class BraceFormat(Interpreter interpreter, IReadOnlyList<object?> positional, JinjaDict named)
{
    private int _nextPosition;

    public string Apply(string format) => Apply(format, depth: 0);

    private string Apply(string format, int depth)
    {
        var result = new StringBuilder(format.Length + 16);
        for (var at = 0; at < format.Length; at++)
        {
            var c = format[at];
            if (c is '{' or '}' && at + 1 < format.Length && format[at + 1] == c)
            {
                result.Append(c);
                at++;
            }
            else if (c == '{')
            {
                var close = FindClose(format, at);
                result.Append(Field(format[(at + 1)..close], depth));
                at = close;
            }
            else
            {
                result.Append(c == '}' ? throw new JinjaException("a format has a single '}'") : c);
            }
        }

        return result.ToString();
    }

    private static int FindClose(string format, int open)
    {
        var depth = 0;
        for (var at = open; at < format.Length; at++)
        {
            depth += format[at] switch { '{' => 1, '}' => -1, _ => 0 };
            if (depth == 0)
                return at;
        }

        throw new JinjaException("a format's '{' is not closed");
    }

    private string Field(string field, int depth)
    {
        if (depth > 1)
            throw new JinjaException("a format is nested too deep");
        var colon = field.IndexOf(':', StringComparison.Ordinal);
        var name = colon < 0 ? field : field[..colon];
        var conversion = name.Length >= 2 && name[^2] == '!' ? name[^1] : '\0';
        var value = Resolve(conversion == '\0' ? name : name[..^2]);
        value = conversion switch
        {
            '\0' => value,
            's' => ValueText.Print(value),
            'r' or 'a' => ValueText.Represent(value),
            _ => throw new JinjaException($"'!{conversion}' is no conversion"),
        };
        var specification = colon < 0 ? "" : Apply(field[(colon + 1)..], depth + 1);
        if (specification.Length == 0)
            return ValueText.Print(value);
        return value is IJinjaFormattable host ? host.Format(specification) : FormatSpecification.Parse(specification).Apply(value);
    }

    private object? Resolve(string path)
    {
        var end = path.AsSpan().IndexOfAny('.', '[');
        var head = end < 0 ? path : path[..end];
        var value = Argument(head);
        var rest = end < 0 ? "" : path[end..];
        while (rest.Length > 0)
        {
            var isItem = rest[0] == '[';
            var stop = isItem ? rest.IndexOf(']', StringComparison.Ordinal) : rest.AsSpan(1).IndexOfAny('.', '[') + 1;
            if (isItem && stop < 0)
                throw new JinjaException("a format's '[' is not closed");
            stop = stop <= 0 ? rest.Length : stop;
            var key = rest[1..stop];
            object? index = isItem && long.TryParse(key, out var number) ? number : key;
            value = isItem ? interpreter.Members.Item(value, index) : interpreter.Members.Attribute(value, key);
            rest = rest[Math.Min(rest.Length, isItem ? stop + 1 : stop)..];
        }

        return value;
    }

    private object? Argument(string name)
    {
        if (name.Length > 0 && !char.IsAsciiDigit(name[0]))
        {
            return named.TryGetValue(name, out var value)
                ? value : throw new JinjaException($"a format names '{name}', which its arguments do not have");
        }

        var position = name.Length == 0 ? _nextPosition++ : int.TryParse(name, out var number) ? number : int.MaxValue;
        return position < positional.Count
            ? positional[position] : throw new JinjaException("a format has too few arguments");
    }
}
