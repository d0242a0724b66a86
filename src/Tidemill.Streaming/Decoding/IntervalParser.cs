namespace Tidemill.Streaming.Decoding;

/// <summary>
/// ISO 8601 durations: P[nY][nM][nW][nD][T[nH][nM][nS]], each unit at most once and in this order, at least one of them.
/// Any number may have a sign, as PostgreSQL writes them; seconds may have up to 9 digits behind a point, cut off after
/// the sixth.
/// </summary>
internal static class IntervalParser
{
    private const int MonthsPerYear = 12;
    private const int DaysPerWeek = 7;

    /// <summary>DuckDB's INTERVAL: months, days and microseconds stay apart.</summary>
    public static ParseResult TryParse(ReadOnlySpan<byte> text, out int months, out int days, out long micros)
    {
        months = days = 0;
        micros = 0;
        if (text.Length < 3 || text[0] != 'P')
            return ParseResult.Invalid;

        Int128 monthSum = 0, daySum = 0, microSum = 0;
        ReadOnlySpan<byte> units = "YMWD"u8;
        var inTime = false;
        for (var at = 1; at < text.Length;)
        {
            if (text[at] == 'T' && !inTime)
            {
                inTime = true;
                units = "HMS"u8;
                at++;
                if (at == text.Length)
                    return ParseResult.Invalid;

                continue;
            }

            var used = ParseAmount(text[at..], out var amount, out var fraction, out var hasFraction);
            if (used == 0 || at + used >= text.Length)
                return ParseResult.Invalid;

            var unit = text[at + used];
            var position = units.IndexOf(unit);
            if (position < 0 || (hasFraction && unit != 'S'))
                return ParseResult.Invalid;

            units = units[(position + 1)..];
            at += used + 1;
            monthSum += inTime ? 0 : unit switch { (byte)'Y' => amount * MonthsPerYear, (byte)'M' => amount, _ => 0 };
            daySum += inTime ? 0 : unit switch { (byte)'W' => amount * DaysPerWeek, (byte)'D' => amount, _ => 0 };
            microSum += inTime ? (amount * Micros(unit)) + fraction : 0;
        }

        if (monthSum != (int)monthSum || daySum != (int)daySum || microSum != (long)microSum)
            return ParseResult.OutOfRange;

        (months, days, micros) = ((int)monthSum, (int)daySum, (long)microSum);
        return ParseResult.Ok;
    }

    private static long Micros(byte unit) => unit switch
    {
        (byte)'H' => TimestampParser.MicrosPerHour,
        (byte)'M' => TimestampParser.MicrosPerMinute,
        _ => TimestampParser.MicrosPerSecond,
    };

    /// <summary>Reads [±]digits[.digits]; returns the bytes used, 0 when there is no number. Huge ones stay huge.</summary>
    private static int ParseAmount(ReadOnlySpan<byte> text, out Int128 amount, out long fraction, out bool hasFraction)
    {
        const long Bound = long.MaxValue / 16;
        amount = 0;
        fraction = 0;
        hasFraction = false;
        var negative = text[0] == '-';
        var at = text[0] is (byte)'-' or (byte)'+' ? 1 : 0;
        var first = at;
        var number = 0L;
        for (uint digit; at < text.Length && (digit = text[at] - (uint)'0') <= 9; at++)
            number = number > Bound / 10 ? Bound : (number * 10) + digit;

        if (at == first)
            return 0;

        if (at < text.Length && text[at] is ((byte)'.' or (byte)','))
        {
            var digits = TimestampParser.ParseFraction(text[(at + 1)..], out fraction);
            if (digits == 0)
                return 0;

            hasFraction = true;
            at += 1 + digits;
        }

        amount = negative ? -number : number;
        fraction = negative ? -fraction : fraction;
        return at;
    }
}
