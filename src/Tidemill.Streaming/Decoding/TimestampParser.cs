using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Tidemill.Streaming.Decoding;

/// <summary>
/// ISO 8601 dates, times and timestamps in the extended format: YYYY-MM-DD, HH:MM[:SS[.fraction]], and both with T or a
/// space between and an optional zone (Z, ±HH, ±HHMM, ±HH:MM). Years 0001 to 9999 of the proleptic Gregorian calendar.
/// </summary>
internal static class TimestampParser
{
    public const long MicrosPerSecond = 1_000_000;
    public const long MicrosPerMinute = 60 * MicrosPerSecond;
    public const long MicrosPerHour = 60 * MicrosPerMinute;
    public const long MicrosPerDay = 24 * MicrosPerHour;

    /// <summary>DuckDB's range: 290309-12-22 (BC) to 294247-01-10; the largest long and its negative are its infinities.</summary>
    public const long MinMicros = -9_223_372_022_400_000_000;
    public const long MaxMicros = long.MaxValue - 1;

    private const int DateLength = 10;

    /// <summary>A date, T and a time to the second.</summary>
    private const int UsualLength = 19;

    private const int MinuteLength = 5;
    private const int MaxFractionDigits = 9;
    private const int MicroDigits = 6;
    private const int MaxZoneHours = 15;

    private static ReadOnlySpan<int> FractionUnits => [1_000_000, 100_000, 10_000, 1000, 100, 10, 1];

    /// <summary>Microseconds since 1970-01-01T00:00:00Z. Without a zone the text is taken as UTC.</summary>
    public static ParseResult TryParse(ReadOnlySpan<byte> text, out long micros)
    {
        if (TryParseUsual(text, out micros))
            return ParseResult.Ok;

        micros = 0;
        if (text.Length < DateLength)
            return ParseResult.Invalid;

        var result = ParseDate(text[..DateLength], out var days);
        if (result != ParseResult.Ok)
            return result;

        micros = days * MicrosPerDay;
        if (text.Length == DateLength)
            return ParseResult.Ok;

        if ((text[DateLength] | 0x20) is not ('t' or ' '))
            return ParseResult.Invalid;

        var rest = text[(DateLength + 1)..];
        var used = ParseClock(rest, out var clock);
        if (used == 0 || !TryParseZone(rest[used..], out var zone))
            return ParseResult.Invalid;

        micros += clock - zone;
        return ParseResult.Ok;
    }

    /// <summary>
    /// YYYY-MM-DDTHH:MM:SS with a fraction or without, and Z: eight characters a step. False: read it the general way.
    /// </summary>
    private static bool TryParseUsual(ReadOnlySpan<byte> text, out long micros)
    {
        micros = 0;
        if (text.Length < UsualLength + 1 || text[DateLength] != 'T' || text[^1] != 'Z')
            return false;

        // Digits become 0..9 and separators 0. The sums set a byte's top bit where a digit is over 9 or a separator is not 0.
        var date = BinaryPrimitives.ReadUInt64LittleEndian(text) ^ 0x2D30302D_30303030; // YYYY-MM-
        var clock = BinaryPrimitives.ReadUInt64LittleEndian(text[(DateLength + 1)..]) ^ 0x30303A30_303A3030; // HH:MM:SS
        var wrong = (date + 0x7F76767F_76767676) | date | (clock + 0x76767F76_767F7676) | clock;
        var bad = 0u;
        var day = Two(text[8], text[9], ref bad);
        if ((wrong & 0x80808080_80808080) != 0 || bad != 0)
            return false;

        // Each byte now holds its own digit times ten plus the next digit.
        date = (date * 10) + (date >> 8);
        clock = (clock * 10) + (clock >> 8);
        var year = ((uint)(byte)date * 100) + (byte)(date >> 16);
        var month = (uint)(byte)(date >> 40);
        var (hour, minute, second) = ((uint)(byte)clock, (uint)(byte)(clock >> 24), (uint)(byte)(clock >> 48));
        if (year == 0 || month - 1 > 11 || day - 1 > 30 || day > DaysIn(year, month) || hour > 23 || minute > 59 || second > 59)
            return false;

        var fraction = 0L;
        if (text.Length > UsualLength + 1)
        {
            var digits = ParseFraction(text[(UsualLength + 1)..^1], out fraction);
            if (text[UsualLength] != '.' || digits == 0 || digits != text.Length - UsualLength - 2)
                return false;
        }

        micros = (DaysFromCivil((int)year, (int)month, (int)day) * MicrosPerDay)
            + (((((hour * 60) + minute) * 60) + second) * MicrosPerSecond) + fraction;
        return true;
    }

    /// <summary>Days since 1970-01-01.</summary>
    public static ParseResult TryParseDate(ReadOnlySpan<byte> text, out int days)
    {
        days = 0;
        return text.Length == DateLength ? ParseDate(text, out days) : ParseResult.Invalid;
    }

    /// <summary>Microseconds since midnight; a zone is not allowed.</summary>
    public static ParseResult TryParseTime(ReadOnlySpan<byte> text, out long micros)
    {
        var used = ParseClock(text, out micros);
        return used > 0 && used == text.Length ? ParseResult.Ok : ParseResult.Invalid;
    }

    private static ParseResult ParseDate(ReadOnlySpan<byte> text, out int days)
    {
        var bad = 0u;
        var year = (Two(text[0], text[1], ref bad) * 100) + Two(text[2], text[3], ref bad);
        var month = Two(text[5], text[6], ref bad);
        var day = Two(text[8], text[9], ref bad);
        days = 0;
        if (bad != 0 || text[4] != '-' || text[7] != '-' || month - 1 > 11 || day - 1 > 30 || day > DaysIn(year, month))
            return ParseResult.Invalid;

        days = DaysFromCivil((int)year, (int)month, (int)day);
        return year == 0 ? ParseResult.OutOfRange : ParseResult.Ok;
    }

    /// <summary>Reads HH:MM[:SS[.fraction]]; returns the bytes used, 0 when it is no time of day.</summary>
    private static int ParseClock(ReadOnlySpan<byte> text, out long micros)
    {
        micros = 0;
        if (text.Length < MinuteLength)
            return 0;

        var bad = 0u;
        var hour = Two(text[0], text[1], ref bad);
        var minute = Two(text[3], text[4], ref bad);
        var second = 0u;
        var used = MinuteLength;
        if (text.Length >= MinuteLength + 3 && text[used] == ':')
        {
            second = Two(text[6], text[7], ref bad);
            used += 3;
        }

        if (bad != 0 || text[2] != ':' || hour > 23 || minute > 59 || second > 59)
            return 0;

        var fraction = 0L;
        if (used > MinuteLength && used < text.Length && text[used] is ((byte)'.' or (byte)','))
        {
            var digits = ParseFraction(text[(used + 1)..], out fraction);
            if (digits == 0)
                return 0;

            used += 1 + digits;
        }

        micros = ((((hour * 60) + minute) * 60) + second) * MicrosPerSecond + fraction;
        return used;
    }

    /// <summary>1 to 9 digits behind the point, as microseconds; those after the sixth are cut off.</summary>
    internal static int ParseFraction(ReadOnlySpan<byte> text, out long micros)
    {
        micros = 0;
        var count = 0;
        for (uint digit; count < text.Length && (digit = text[count] - (uint)'0') <= 9; count++)
        {
            if (count < MicroDigits)
                micros = (micros * 10) + digit;
        }

        micros *= FractionUnits[Math.Min(count, MicroDigits)];
        return count > MaxFractionDigits ? 0 : count;
    }

    /// <summary>Microseconds that the zone is ahead of UTC; nothing is UTC.</summary>
    private static bool TryParseZone(ReadOnlySpan<byte> text, out long offset)
    {
        offset = 0;
        if (text.IsEmpty || (text.Length == 1 && (text[0] | 0x20) == 'z'))
            return true;

        if (text.Length is not (3 or 5 or 6) || text[0] is not ((byte)'+' or (byte)'-') || (text.Length == 6 && text[3] != ':'))
            return false;

        var bad = 0u;
        var hours = Two(text[1], text[2], ref bad);
        var minutes = text.Length == 3 ? 0 : Two(text[^2], text[^1], ref bad);
        if (bad != 0 || hours > MaxZoneHours || minutes > 59)
            return false;

        offset = (hours * MicrosPerHour) + (minutes * MicrosPerMinute);
        offset = text[0] == '-' ? -offset : offset;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Two(byte tens, byte ones, ref uint bad)
    {
        var high = tens - (uint)'0';
        var low = ones - (uint)'0';
        bad |= (high > 9 ? 1u : 0u) | (low > 9 ? 1u : 0u);
        return (high * 10) + low;
    }

    private static uint DaysIn(uint year, uint month) => month switch
    {
        2 => year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29u : 28u,
        4 or 6 or 9 or 11 => 30,
        _ => 31,
    };

    /// <summary>Counts years from March, so that leap days come last (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").</summary>
    private static int DaysFromCivil(int year, int month, int day)
    {
        const int DaysFromYearZeroToEpoch = 719_468;
        var y = month <= 2 ? year - 1 : year;
        var era = (y >= 0 ? y : y - 399) / 400;
        var yearOfEra = y - (era * 400);
        var dayOfYear = (((153 * (month > 2 ? month - 3 : month + 9)) + 2) / 5) + day - 1;
        var dayOfEra = (yearOfEra * 365) + (yearOfEra / 4) - (yearOfEra / 100) + dayOfYear;
        return (era * 146_097) + dayOfEra - DaysFromYearZeroToEpoch;
    }
}
