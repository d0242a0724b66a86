using System.Globalization;

namespace Tidemill.DuckDb;

/// <summary>A DECIMAL(width, scale): the number <c>Unscaled / 10^Scale</c> of up to 38 digits.</summary>
public readonly record struct DuckDbDecimal(Int128 Unscaled, byte Width, byte Scale)
{
    /// <summary>Powers of ten up to 10^38; all fit an Int128.</summary>
    internal static readonly Int128[] PowersOfTen = MakePowersOfTen();

    /// <summary>Exact; as wide as its digits and scale need.</summary>
    public static DuckDbDecimal FromDecimal(decimal value)
    {
        Span<int> bits = stackalloc int[4];
        decimal.GetBits(value, bits);
        var magnitude = new UInt128((uint)bits[2], ((ulong)(uint)bits[1] << 32) | (uint)bits[0]);
        var digits = DigitCount((Int128)magnitude);
        var scale = value.Scale;
        return new(bits[3] < 0 ? -(Int128)magnitude : (Int128)magnitude, Math.Max((byte)Math.Max(digits, 1), scale), scale);
    }

    /// <summary>The cell of a DECIMAL with another scale, exact.</summary>
    /// <exception cref="OverflowException">It has more digits than <paramref name="width"/>, or is not exact.</exception>
    public DuckDbDecimal Rescale(byte width, byte scale)
    {
        var unscaled = Unscaled;
        if (scale >= Scale)
        {
            unscaled = checked(unscaled * PowersOfTen[scale - Scale]);
        }
        else
        {
            var (quotient, remainder) = Int128.DivRem(unscaled, PowersOfTen[Scale - scale]);
            if (remainder != 0) throw new OverflowException($"The number has more than {scale} decimal places.");
            unscaled = quotient;
        }
        return Int128.Abs(unscaled) < PowersOfTen[width]
            ? new(unscaled, width, scale)
            : throw new OverflowException($"The number does not fit DECIMAL({width},{scale}).");
    }

    /// <summary>False when it has more digits than decimal holds.</summary>
    public bool TryToDecimal(out decimal value)
    {
        var magnitude = (UInt128)Int128.Abs(Unscaled);
        var fits = magnitude >> 96 == 0 && Scale <= 28;
        value = fits
            ? new decimal(
                (int)(uint)magnitude, (int)(uint)(magnitude >> 32), (int)(uint)(magnitude >> 64), Unscaled < 0, Scale)
            : 0;
        return fits;
    }

    /// <summary>Plain digits with <see cref="Scale"/> decimal places, as DuckDB prints it.</summary>
    public override string ToString()
    {
        var digits = Int128.Abs(Unscaled).ToString(CultureInfo.InvariantCulture).PadLeft(Scale + 1, '0');
        var sign = Unscaled < 0 ? "-" : "";
        return Scale == 0 ? sign + digits : $"{sign}{digits[..^Scale]}.{digits[^Scale..]}";
    }

    private static int DigitCount(Int128 magnitude)
    {
        var digits = 0;
        while (digits < PowersOfTen.Length && magnitude >= PowersOfTen[digits]) digits++;
        return digits;
    }

    private static Int128[] MakePowersOfTen()
    {
        var powers = new Int128[39];
        powers[0] = 1;
        for (var i = 1; i < powers.Length; i++) powers[i] = powers[i - 1] * 10;
        return powers;
    }
}
