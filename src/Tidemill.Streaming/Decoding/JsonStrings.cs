using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Tidemill.Streaming.Decoding;

/// <summary>JSON strings with escapes or beyond ASCII: checked when scanned, unescaped when wanted.</summary>
// SAFETY: as in JsonScanner, memory between start and end is the caller's and every read is checked against end.
internal static unsafe class JsonStrings
{
    private static readonly SearchValues<byte> Stops = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Select(i => (byte)i), (byte)'"', (byte)'\\']);

    /// <summary>
    /// The closing quote of a string whose text begins at <paramref name="start"/> and is plain up to <paramref name="p"/>.
    /// </summary>
    public static byte* End(byte* start, byte* p, byte* end, out bool escaped, ref ScanFailure failure)
    {
        escaped = false;
        while (true)
        {
            var rest = (int)(end - p);
            var plain = new ReadOnlySpan<byte>(p, rest).IndexOfAny(Stops);
            if (plain < 0)
                return failure.Set(DecodeReason.Truncated, end);

            p += plain;
            if (*p == '"')
                break;

            if (*p != '\\')
                return failure.Set(DecodeReason.InvalidJson, p);

            escaped = true;
            p = SkipEscape(p, end, ref failure);
            if (p == null)
                return null;
        }

        return Utf8.IsValid(new ReadOnlySpan<byte>(start, (int)(p - start))) ? p : failure.Set(DecodeReason.InvalidUtf8, start);
    }

    /// <summary>
    /// Writes the text of an escaped string that <see cref="End"/> accepted; never more bytes than it has itself.
    /// Returns the number written.
    /// </summary>
    public static int Unescape(ReadOnlySpan<byte> text, Span<byte> target)
    {
        var written = 0;
        while (true)
        {
            var plain = text.IndexOf((byte)'\\');
            if (plain < 0)
            {
                text.CopyTo(target[written..]);
                return written + text.Length;
            }

            text[..plain].CopyTo(target[written..]);
            written += plain;
            text = text[plain..];
            if (text[1] != 'u')
            {
                target[written++] = Simple(text[1]);
                text = text[2..];
                continue;
            }

            int unit = Hex4(text[2..]);
            text = text[6..];
            if (char.IsHighSurrogate((char)unit))
            {
                unit = char.ConvertToUtf32((char)unit, (char)Hex4(text[2..]));
                text = text[6..];
            }

            written += new Rune(unit).EncodeToUtf8(target[written..]);
        }
    }

    private static byte* SkipEscape(byte* p, byte* end, ref ScanFailure failure)
    {
        if (end - p < 2)
            return failure.Set(DecodeReason.Truncated, end);

        if (p[1] != 'u')
            return "\"\\/bfnrt"u8.Contains(p[1]) ? p + 2 : failure.Set(DecodeReason.InvalidEscape, p);

        if (!IsUnit(p, end, out var unit, ref failure))
            return null;

        if (!char.IsSurrogate(unit))
            return p + 6;

        if (char.IsLowSurrogate(unit) || (end - p >= 7 && p[6] != '\\') || (end - p >= 8 && p[7] != 'u'))
            return failure.Set(DecodeReason.InvalidEscape, p);

        if (!IsUnit(p + 6, end, out var low, ref failure))
            return null;

        return char.IsLowSurrogate(low) ? p + 12 : failure.Set(DecodeReason.InvalidEscape, p);
    }

    /// <summary>Whether \uXXXX stands at p.</summary>
    private static bool IsUnit(byte* p, byte* end, out char unit, ref ScanFailure failure)
    {
        unit = '\0';
        for (var i = 2; i < 6; i++)
        {
            if (end - p <= i)
            {
                failure.Set(DecodeReason.Truncated, end);
                return false;
            }

            if (!char.IsAsciiHexDigit((char)p[i]))
            {
                failure.Set(DecodeReason.InvalidEscape, p);
                return false;
            }
        }

        unit = (char)Hex4(new ReadOnlySpan<byte>(p + 2, 4));
        return true;
    }

    private static int Hex4(ReadOnlySpan<byte> digits)
    {
        var value = 0;
        for (var i = 0; i < 4; i++)
        {
            var digit = digits[i] | 0x20;
            value = (value << 4) | (digit <= '9' ? digit - '0' : digit - 'a' + 10);
        }

        return value;
    }

    private static byte Simple(byte escape) => escape switch
    {
        (byte)'b' => (byte)'\b',
        (byte)'f' => (byte)'\f',
        (byte)'n' => (byte)'\n',
        (byte)'r' => (byte)'\r',
        (byte)'t' => (byte)'\t',
        _ => escape,
    };
}
