using System.Text;

namespace Tidemill.Jinja.Evaluation;

/// <summary>Python's <c>%</c> operator on strings, which the <c>format</c> filter uses too.</summary>
internal static class PrintfFormat
{
    public static string Apply(string format, object? operand)
    {
        var arguments = operand is JinjaTuple tuple ? tuple.Items : [operand];
        var result = new StringBuilder(format.Length + 16);
        var used = 0;
        var usesNames = false;
        for (var at = 0; at < format.Length; at++)
        {
            if (format[at] != '%')
            {
                result.Append(format[at]);
                continue;
            }

            at++;
            var name = ReadName(format, ref at);
            usesNames |= name is not null;
            object? Next() => name is not null ? Named(operand, name)
                : used < arguments.Count ? arguments[used++] : throw new JinjaException("a format has too few arguments");
            var specification = ReadSpecification(format, ref at, Next);
            result.Append(specification.Type == '%' ? "%" : Convert(specification, Next()));
        }

        if (used < arguments.Count && !usesNames && operand is not (JinjaDict or JinjaList or JinjaRange or JinjaUndefined))
            throw new JinjaException("not all arguments of a format are used");
        return result.ToString();
    }

    private static string? ReadName(string format, ref int at)
    {
        if (at >= format.Length || format[at] != '(')
            return null;
        var close = format.IndexOf(')', at);
        if (close < 0)
            throw new JinjaException("a format's '(' is not closed");
        var name = format[(at + 1)..close];
        at = close + 1;
        return name;
    }

    private static object? Named(object? operand, string name) =>
        operand is JinjaDict dict && dict.TryGetValue(name, out var value)
            ? value : throw new JinjaException($"a format names '{name}', which its arguments do not have");

    /// <summary>Reads flags, width, precision and the letter; leaves <paramref name="at"/> at the letter.</summary>
    private static FormatSpecification ReadSpecification(string format, ref int at, Func<object?> next)
    {
        var specification = new FormatSpecification { Align = '>' };
        for (; at < format.Length && "#0- +".Contains(format[at], StringComparison.Ordinal); at++)
        {
            specification = format[at] switch
            {
                '#' => specification with { Alternate = true },
                '0' => specification.Align == '<' ? specification : specification with { Fill = '0', Align = '=' },
                '-' => specification with { Align = '<', Fill = ' ' },
                _ => specification.Sign == '+' ? specification : specification with { Sign = format[at] },
            };
        }

        var width = ReadSize(format, ref at, next) ?? 0;
        specification = specification with { Width = width };
        if (at < format.Length && format[at] == '.')
        {
            at++;
            specification = specification with { Precision = ReadSize(format, ref at, next) ?? 0 };
        }

        while (at < format.Length && format[at] is 'l' or 'h' or 'L')
            at++;
        return at < format.Length ? specification with { Type = format[at] } : throw new JinjaException("a format is incomplete");
    }

    private static int? ReadSize(string format, ref int at, Func<object?> next)
    {
        if (at >= format.Length || format[at] != '*')
            return FormatSpecification.ReadNumber(format, ref at);
        at++;
        return Math.Clamp(ValueNumbers.RequireSize(next()), 0, 100_000);
    }

    private static string Convert(FormatSpecification specification, object? value)
    {
        var text = specification with { Align = specification.Align == '=' ? '>' : specification.Align, Fill = ' ', Type = 's' };
        switch (specification.Type)
        {
            case 's':
                return text.Apply(ValueText.Print(value));
            case 'r' or 'a':
                return text.Apply(ValueText.Represent(value));
            case 'd' or 'i' or 'u':
                var number = value is double real ? ValueNumbers.Truncate(real) : value;
                if (!ValueNumbers.IsInteger(number))
                    throw new JinjaException($"format '%{specification.Type}' wants a number, not {ValueText.TypeName(value)}");
                return WithPrecision(specification, number);
            case 'x' or 'X' or 'o' or 'c' when ValueNumbers.IsInteger(value):
            case 'f' or 'F' or 'e' or 'E' or 'g' or 'G' when ValueNumbers.IsNumber(value):
                return specification.Apply(value);
            case 'c' when value is string letter && CodePoints.Count(letter) == 1:
                return text.Apply(letter);
            default:
                throw new JinjaException($"format '%{specification.Type}' does not fit {ValueText.TypeName(value)}");
        }
    }

    /// <summary>An integer's precision is its least number of digits.</summary>
    private static string WithPrecision(FormatSpecification specification, object? number)
    {
        if (specification.Precision is not { } digits)
            return (specification with { Type = 'd' }).Apply(number);
        var padded = new FormatSpecification { Fill = '0', Align = '=', Width = digits, Type = 'd' };
        var big = ValueNumbers.ToBig(number!);
        var magnitude = padded.Apply(ValueNumbers.Normalize(System.Numerics.BigInteger.Abs(big)));
        var sign = big.Sign < 0 ? "-" : specification.Sign == '-' ? "" : specification.Sign.ToString();
        return (specification with
        {
            Precision = null,
            Align = specification.Align == '='
            ? '>'
            : specification.Align,
            Fill = ' ',
            Type = 's'
        })
            .Apply(sign + magnitude);
    }
}
