using System.Globalization;
using System.Text;

namespace Tidemill.Jinja.Lexing;

/// <summary>Python's escapes in string literals; an unknown escape keeps its backslash, as Python does.</summary>
internal static class StringEscapes
{
    public static string Decode(ReadOnlySpan<char> raw, Func<string, JinjaException> error)
    {
        if (!raw.Contains('\\'))
            return raw.ToString();
        var result = new StringBuilder(raw.Length);
        for (var i = 0; i < raw.Length; i++)
        {
            if (raw[i] != '\\' || i + 1 == raw.Length)
                result.Append(raw[i]);
            else
                i = DecodeOne(raw, i + 1, result, error);
        }

        return result.ToString();
    }

    /// <summary>Appends the escape whose letter stands at <paramref name="at"/>; returns its last offset.</summary>
    private static int DecodeOne(ReadOnlySpan<char> raw, int at, StringBuilder result, Func<string, JinjaException> error)
    {
        var c = raw[at];
        switch (c)
        {
            case '\n':
                return at;
            case 'x':
                return DecodeHex(raw, at, 2, result, error);
            case 'u':
                return DecodeHex(raw, at, 4, result, error);
            case 'U':
                return DecodeHex(raw, at, 8, result, error);
            case >= '0' and <= '7':
                return DecodeOctal(raw, at, result);
        }

        var index = "\\'\"abfnrtv".IndexOf(c, StringComparison.Ordinal);
        if (index < 0)
            result.Append('\\').Append(c);
        else
            result.Append("\\'\"\a\b\f\n\r\t\v"[index]);
        return at;
    }

    private static int DecodeOctal(ReadOnlySpan<char> raw, int at, StringBuilder result)
    {
        var value = 0;
        var end = at;
        for (; end < raw.Length && end < at + 3 && raw[end] is >= '0' and <= '7'; end++)
            value = (value * 8) + raw[end] - '0';
        result.Append((char)value);
        return end - 1;
    }

    private static int DecodeHex(
        ReadOnlySpan<char> raw, int at, int digits, StringBuilder result, Func<string, JinjaException> error)
    {
        if (at + digits >= raw.Length
            || !uint.TryParse(raw.Slice(at + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            || value > 0x10FFFF)
        {
            throw error($"'\\{raw[at]}' wants {digits} hexadecimal digits of a Unicode character");
        }

        if (value <= 0xFFFF)
            result.Append((char)value);
        else
            result.Append(char.ConvertFromUtf32((int)value));
        return at + digits;
    }
}
