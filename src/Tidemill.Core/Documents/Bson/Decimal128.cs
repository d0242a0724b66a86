using System.Globalization;

namespace Tidemill.Core.Documents.Bson;

/// <summary>
/// IEEE 754 decimal128 as BSON holds it (binary integer encoding): <c>sign 1 | exponent + 6176, 14 | coefficient 113</c>,
/// at most 34 digits. Conversions are exact or refused.
/// </summary>
public readonly record struct Decimal128(ulong High, ulong Low)
{
    private const int Bias = 6176;
    private const int LargestExponent = 6111;
    private const ulong SignBit = 0x8000_0000_0000_0000;

    private static readonly UInt128 Limit = Power(34);

    public static Decimal128 PositiveInfinity { get; } = new(0x7800_0000_0000_0000, 0);

    public static Decimal128 NegativeInfinity { get; } = new(0xF800_0000_0000_0000, 0);

    public static Decimal128 NaN { get; } = new(0x7C00_0000_0000_0000, 0);

    public bool IsFinite => (High & 0x7800_0000_0000_0000) != 0x7800_0000_0000_0000;

    public bool IsNegative => (High & SignBit) != 0;

    public bool IsNaN => (High & 0x7C00_0000_0000_0000) == 0x7C00_0000_0000_0000;

    /// <summary>The power of ten that the coefficient is multiplied with.</summary>
    public int Exponent => (HasLongExponent ? (int)(High >> 47) & 0x3FFF : (int)(High >> 49) & 0x3FFF) - Bias;

    /// <summary>The digits; a coefficient beyond 34 digits counts as zero, as the standard says.</summary>
    public UInt128 Coefficient
    {
        get
        {
            var digits = new UInt128(High & 0x1_FFFF_FFFF_FFFF, Low);
            return HasLongExponent || digits >= Limit ? 0 : digits;
        }
    }

    private bool HasLongExponent => (High & 0x6000_0000_0000_0000) == 0x6000_0000_0000_0000;

    /// <summary>False when it has more than 34 digits that count, or its exponent is out of range.</summary>
    public static bool TryCreate(bool negative, UInt128 coefficient, int exponent, out Decimal128 value)
    {
        while (coefficient != 0 && (coefficient >= Limit || exponent < -Bias) && coefficient % 10 == 0)
        {
            coefficient /= 10;
            exponent++;
        }

        while (exponent > LargestExponent && coefficient != 0 && coefficient < Limit / 10)
        {
            coefficient *= 10;
            exponent--;
        }

        exponent = coefficient == 0 ? Math.Clamp(exponent, -Bias, LargestExponent) : exponent;
        value = new Decimal128(
            (negative ? SignBit : 0) | ((ulong)(exponent + Bias) << 49) | (ulong)(coefficient >> 64), (ulong)coefficient);
        return coefficient < Limit && exponent is >= -Bias and <= LargestExponent;
    }

    /// <summary>The number <c>unscaled / 10^scale</c>.</summary>
    public static bool TryCreate(Int128 unscaled, int scale, out Decimal128 value) =>
        TryCreate(unscaled < 0, unscaled < 0 ? (UInt128)(-unscaled) : (UInt128)unscaled, -scale, out value);

    /// <summary>Digits with an optional point and exponent, or Infinity, -Infinity, NaN.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Decimal128 value)
    {
        value = text.TrimStart("+-") switch
        {
            "Infinity" or "Inf" or "infinity" or "inf" => text[0] == '-' ? NegativeInfinity : PositiveInfinity,
            "NaN" or "nan" => NaN,
            _ => default,
        };
        return !value.IsFinite || TryParseNumber(text, out value);
    }

    private static bool TryParseNumber(ReadOnlySpan<char> text, out Decimal128 value)
    {
        value = default;
        var exponent = 0;
        var e = text.IndexOfAny('e', 'E');
        if (e >= 0)
        {
            if (!int.TryParse(text[(e + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent)
                || Math.Abs(exponent) > 20_000)
            {
                return false;
            }

            text = text[..e];
        }

        var negative = text.StartsWith("-");
        text = negative || text.StartsWith("+") ? text[1..] : text;
        UInt128 digits = 0;
        var (any, point) = (false, false);
        foreach (var letter in text)
        {
            if (letter == '.' && !point)
            {
                point = true;
                continue;
            }

            // 38 digits always fit; more would overflow and could not be kept anyway.
            if (!char.IsAsciiDigit(letter) || digits >= Power(37))
                return false;

            any = true;
            digits = (digits * 10) + (uint)(letter - '0');
            exponent -= point ? 1 : 0;
        }

        return any && TryCreate(negative, digits, exponent, out value);
    }

    /// <summary>As the General Decimal Arithmetic specification writes it: plain digits, or scientific where zeros would be
    /// made up.</summary>
    public override string ToString()
    {
        var sign = IsNegative ? "-" : "";
        if (!IsFinite)
            return IsNaN ? "NaN" : $"{sign}Infinity";

        var digits = Coefficient.ToString(CultureInfo.InvariantCulture);
        var adjusted = Exponent + digits.Length - 1;
        if (Exponent > 0 || adjusted < -6)
        {
            var fraction = digits.Length > 1 ? $".{digits[1..]}" : "";
            return string.Create(CultureInfo.InvariantCulture, $"{sign}{digits[0]}{fraction}E{adjusted:+0;-0;+0}");
        }

        if (Exponent == 0)
            return sign + digits;

        digits = digits.PadLeft(1 - Exponent, '0');
        return $"{sign}{digits[..^-Exponent]}.{digits[^-Exponent..]}";
    }

    private static UInt128 Power(int exponent)
    {
        UInt128 power = 1;
        for (var i = 0; i < exponent; i++)
            power *= 10;

        return power;
    }
}
