using System.Globalization;
using System.Numerics;

namespace Tidemill.Jinja.Evaluation;

/// <summary>
/// One format as <c>str.format</c> and the printf operator share it:
/// <c>[[fill]align][sign][#][0][width][,|_][.precision][type]</c>.
/// Python library reference, "Format Specification Mini-Language".
/// </summary>
internal sealed record FormatSpecification
{
    private const int MaxWidth = 100_000;

    public char Fill { get; init; } = ' ';

    /// <summary><c>&lt;</c>, <c>&gt;</c>, <c>^</c>, <c>=</c>, or NUL for the kind's own.</summary>
    public char Align { get; init; }

    public char Sign { get; init; } = '-';

    public bool Alternate { get; init; }

    public int Width { get; init; }

    /// <summary>The separator of thousands, or NUL.</summary>
    public char Grouping { get; init; }

    public int? Precision { get; init; }

    /// <summary>The type letter, or NUL for the kind's own.</summary>
    public char Type { get; init; }

    public static FormatSpecification Parse(string text)
    {
        var at = 0;
        var specification = new FormatSpecification();
        if (text.Length > 1 && text[1] is '<' or '>' or '^' or '=')
            (specification, at) = (specification with { Fill = text[0], Align = text[1] }, 2);
        else if (text.Length > 0 && text[0] is '<' or '>' or '^' or '=')
            (specification, at) = (specification with { Align = text[0] }, 1);
        if (at < text.Length && text[at] is '+' or '-' or ' ')
            specification = specification with { Sign = text[at++] };
        if (at < text.Length && text[at] == '#')
            (specification, at) = (specification with { Alternate = true }, at + 1);
        if (at < text.Length && text[at] == '0')
        {
            specification = specification.Align == '\0' ? specification with { Fill = '0', Align = '=' } : specification;
            at++;
        }

        specification = specification with { Width = ReadNumber(text, ref at) ?? 0 };
        if (at < text.Length && text[at] is ',' or '_')
            specification = specification with { Grouping = text[at++] };
        if (at < text.Length && text[at] == '.')
        {
            at++;
            specification = specification with
            {
                Precision = ReadNumber(text, ref at) ?? throw new JinjaException("a format misses its precision"),
            };
        }

        if (at < text.Length)
            specification = specification with { Type = text[at++] };
        return at == text.Length ? specification : throw new JinjaException("Invalid format specifier");
    }

    public static int? ReadNumber(string text, ref int at)
    {
        var start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
            at++;
        if (at == start)
            return null;
        return int.TryParse(text.AsSpan(start, at - start), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
               && number <= MaxWidth
            ? number : throw new JinjaException($"a width or precision is larger than {MaxWidth}");
    }

    public string Apply(object? value)
    {
        switch (value)
        {
            case string text when Type is '\0' or 's':
                return Pad(Cut(text), '<');
            case string:
                throw new JinjaException($"format '{Type}' does not fit a string");
        }

        if (ValueNumbers.IsInteger(value) && Type is '\0' or 'd' or 'n' or 'x' or 'X' or 'o' or 'b' or 'c')
            return Integer(ValueNumbers.ToBig(value!));
        if (ValueNumbers.IsNumber(value))
            return Float(ValueNumbers.ToDouble(value!));
        return Type is '\0' or 's' ? Pad(Cut(ValueText.Print(value)), '<')
            : throw new JinjaException($"format '{Type}' does not fit {ValueText.TypeName(value)}");
    }

    private string Cut(string text) => Precision is { } length && text.Length > length ? text[..length] : text;

    private string Integer(BigInteger value)
    {
        if (Type == 'c')
            return Pad(value >= 0 && value <= 0xFFFF ? ((char)(int)value).ToString() : throw new JinjaException("no such character"), '<');
        var magnitude = BigInteger.Abs(value);
        var (prefix, digits) = Type switch
        {
            'x' => ("0x", Radix(magnitude, 16)),
            'X' => ("0X", Radix(magnitude, 16).ToUpperInvariant()),
            'o' => ("0o", Radix(magnitude, 8)),
            'b' => ("0b", Radix(magnitude, 2)),
            _ => ("", magnitude.ToString(CultureInfo.InvariantCulture)),
        };
        return Number(value.Sign < 0, Alternate ? prefix : "", digits, "");
    }

    private static string Radix(BigInteger value, int radix)
    {
        if (value.IsZero)
            return "0";
        var digits = new List<char>();
        for (; !value.IsZero; value /= radix)
            digits.Add("0123456789abcdef"[(int)(value % radix)]);
        digits.Reverse();
        return new string([.. digits]);
    }

    private string Float(double value)
    {
        var magnitude = Math.Abs(value);
        var isNegative = double.IsNegative(value);
        var precision = Precision ?? 6;
        if (!double.IsFinite(value))
            return Number(isNegative, "", ValueText.Float(magnitude), "");
        var text = Type switch
        {
            'f' or 'F' => FixedPoint.Format(magnitude, precision),
            '%' => FixedPoint.Format(magnitude * 100, precision),
            'e' or 'E' => Exponential(magnitude, precision),
            'g' or 'G' or 'n' => General(magnitude, Math.Max(precision, 1), Alternate),
            '\0' when Precision is null => ValueText.Float(magnitude),
            '\0' => WithPoint(General(magnitude, Math.Max(precision, 1), Alternate)),
            _ => throw new JinjaException($"format '{Type}' does not fit a float"),
        };
        if (Type is 'E' or 'G')
            text = text.ToUpperInvariant();
        var point = text.AsSpan().IndexOfAny('.', 'e', 'E');
        return point < 0
            ? Number(isNegative, "", text, Type == '%' ? "%" : "")
            : Number(isNegative, "", text[..point], text[point..] + (Type == '%' ? "%" : ""));
    }

    private static string WithPoint(string text) => text.AsSpan().ContainsAny('.', 'e') ? text : text + ".0";

    private static string Exponential(double value, int precision)
    {
        var text = value.ToString("e" + precision.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        var mark = text.IndexOf('e', StringComparison.Ordinal);
        var exponent = text[(mark + 2)..].TrimStart('0').PadLeft(2, '0');
        return string.Concat(text.AsSpan(0, mark + 2), exponent);
    }

    private static string General(double value, int precision, bool keepsZeros)
    {
        if (value == 0)
            return "0";
        var exponential = Exponential(value, precision - 1);
        var mark = exponential.IndexOf('e', StringComparison.Ordinal);
        var exponent = int.Parse(exponential.AsSpan(mark + 1), provider: CultureInfo.InvariantCulture);
        var isFixed = exponent >= -4 && exponent < precision;
        var digits = isFixed ? FixedPoint.Format(value, precision - 1 - exponent) : exponential[..mark];
        if (!keepsZeros && digits.Contains('.', StringComparison.Ordinal))
            digits = digits.TrimEnd('0').TrimEnd('.');
        return isFixed ? digits : string.Concat(digits, exponential.AsSpan(mark));
    }

    /// <summary>Sign, prefix, grouped digits and the rest, padded; zeros go between the sign and the digits.</summary>
    private string Number(bool isNegative, string prefix, string digits, string rest)
    {
        var sign = isNegative ? "-" : Sign == '-' ? "" : Sign.ToString();
        var head = sign + prefix;
        if (Align == '=' && Fill == '0' && Grouping != '\0')
        {
            while (head.Length + Group(digits).Length + rest.Length < Width)
                digits = "0" + digits;
        }

        var body = Group(digits) + rest;
        return Align == '='
            ? head + new string(Fill, Math.Max(0, Width - head.Length - body.Length)) + body
            : Pad(head + body, '>');
    }

    private string Group(string digits)
    {
        if (Grouping == '\0')
            return digits;
        var size = Type is 'x' or 'X' or 'o' or 'b' ? 4 : 3;
        for (var at = digits.Length - size; at > 0; at -= size)
            digits = digits.Insert(at, Grouping.ToString());
        return digits;
    }

    private string Pad(string text, char ownAlign)
    {
        var missing = Width - CodePoints.Count(text);
        if (missing <= 0)
            return text;
        var before = (Align == '\0' ? ownAlign : Align) switch { '<' => 0, '^' => missing / 2, _ => missing };
        return new string(Fill, before) + text + new string(Fill, missing - before);
    }
}
