using System.Runtime.CompilerServices;

namespace Tidemill.Streaming.Decoding;

/// <summary>
/// A JSON number as scanned: the value is ±<see cref="Mantissa"/> × 10^<see cref="Exponent"/> when
/// <see cref="IsCompact"/>; longer ones are read again from their text.
/// </summary>
internal unsafe struct JsonNumber
{
    /// <summary>A ulong holds any number of so many digits.</summary>
    private const int CompactDigits = 19;

    // Beyond this, digits no longer matter: every type is exceeded, or the value is zero.
    private const long ExponentBound = 1L << 40;

    private byte* _text;
    private int _length;

    public bool Negative { get; private set; }

    public ulong Mantissa { get; private set; }

    /// <summary>Digits before the point, and after it.</summary>
    public int IntegerDigits { get; private set; }

    public int FractionDigits { get; private set; }

    /// <summary>The number written behind e, bounded.</summary>
    public long WrittenExponent { get; private set; }

    public readonly bool IsCompact => IntegerDigits + FractionDigits <= CompactDigits;

    public readonly long Exponent => WrittenExponent - FractionDigits;

    // SAFETY: valid as long as the scanned bytes are; a number never outlives the call that scanned it.
    public readonly ReadOnlySpan<byte> Text => new(_text, _length);

    /// <summary>Scans RFC 8259's number; returns the position behind it, or null with the failure set.</summary>
    // SAFETY: as in JsonScanner, every read is checked against end.
    [SkipLocalsInit]
    public static byte* Scan(byte* p, byte* end, out JsonNumber number, ref ScanFailure failure)
    {
        number = default;
        var start = p;
        if (p < end && *p == '-')
        {
            number.Negative = true;
            p++;
        }

        if (p >= end || !char.IsAsciiDigit((char)*p))
            return JsonScanner.Unexpected(p, end, ref failure);

        var mantissa = 0UL;
        var first = p;
        p = *p == '0' ? p + 1 : Digits(p, end, ref mantissa);
        number.IntegerDigits = (int)(p - first);
        if (p < end && *p == '.')
        {
            first = ++p;
            p = Digits(p, end, ref mantissa);
            number.FractionDigits = (int)(p - first);
            if (p == first)
                return JsonScanner.Unexpected(p, end, ref failure);
        }

        number.Mantissa = mantissa;
        if (p < end && (*p | 0x20) == 'e')
            p = ScanExponent(p + 1, end, ref number, ref failure);

        number._text = start;
        number._length = (int)(p - start);
        return p;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Digits(byte* p, byte* end, ref ulong value)
    {
        uint digit;
        while (p < end && (digit = *p - (uint)'0') <= 9)
        {
            // Wraps beyond 19 digits, where it is not used.
            value = (value * 10) + digit;
            p++;
        }

        return p;
    }

    private static byte* ScanExponent(byte* p, byte* end, ref JsonNumber number, ref ScanFailure failure)
    {
        var negative = p < end && *p == '-';
        if (p < end && (*p == (byte)'-' || *p == (byte)'+'))
            p++;

        var first = p;
        var exponent = 0L;
        for (uint digit; p < end && (digit = *p - (uint)'0') <= 9; p++)
            exponent = Math.Min((exponent * 10) + digit, ExponentBound);

        number.WrittenExponent = negative ? -exponent : exponent;
        return p == first ? JsonScanner.Unexpected(p, end, ref failure) : p;
    }
}
