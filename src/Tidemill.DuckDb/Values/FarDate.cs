using System.Globalization;

namespace Tidemill.DuckDb;

/// <summary>
/// Days of the proleptic Gregorian calendar that .NET's dates do not reach, as ISO 8601 with a sign before years of five digits and more:
/// +10000-01-01, 0001-12-31 BC.
/// </summary>
public static class FarDate
{
    private const long DaysPerEra = 146_097;

    /// <summary>A timestamp's text.</summary>
    /// <param name="micros">Microseconds since 1970-01-01 00:00.</param>
    /// <param name="zone">Put behind the time: Z, or nothing.</param>
    public static string OfTimestamp(Int128 micros, string zone)
    {
        var days = micros / TimeSpan.MicrosecondsPerDay - (micros % TimeSpan.MicrosecondsPerDay < 0 ? 1 : 0);
        var time = new TimeOnly((long)(micros - days * TimeSpan.MicrosecondsPerDay) * TimeSpan.TicksPerMicrosecond);
        return OfDate((long)days, string.Create(CultureInfo.InvariantCulture, $"T{time:HH:mm:ss.FFFFFF}{zone}"));
    }

    /// <summary>A date's text.</summary>
    /// <param name="days">Days since 1970-01-01.</param>
    /// <param name="time">Put behind the date.</param>
    public static string OfDate(long days, string time = "")
    {
        // Years begin in March, so that the day that leap years add is the last. An era is 400 years.
        var shifted = days + 719_468;
        var era = (shifted >= 0 ? shifted : shifted - DaysPerEra + 1) / DaysPerEra;
        var dayOfEra = shifted - era * DaysPerEra;
        var yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
        var dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        var fromMarch = (5 * dayOfYear + 2) / 153;
        var day = dayOfYear - (153 * fromMarch + 2) / 5 + 1;
        var month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
        var year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
        var (shown, sign, age) = year < 1 ? (1 - year, "", " BC") : (year, year > 9999 ? "+" : "", "");
        return string.Create(CultureInfo.InvariantCulture, $"{sign}{shown:0000}-{month:00}-{day:00}{time}{age}");
    }
}
