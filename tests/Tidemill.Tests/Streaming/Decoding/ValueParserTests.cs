using System.Globalization;
using System.Numerics;
using System.Text;
using Tidemill.DuckDb;
using Tidemill.Streaming.Decoding;

namespace Tidemill.Tests.Streaming.Decoding;

public sealed class ValueParserTests
{
    [Theory]
    [InlineData("2026-11-21T14:00:00.123Z", "2026-11-21T14:00:00.1230000Z")]
    [InlineData("2026-11-21 14:00:00", "2026-11-21T14:00:00Z")]
    [InlineData("2026-11-21t14:00", "2026-11-21T14:00:00Z")]
    [InlineData("2026-11-21", "2026-11-21T00:00:00Z")]
    [InlineData("2026-11-21T00:30:00+02:00", "2026-11-20T22:30:00Z")]
    [InlineData("2026-11-21T23:30:00-0130", "2026-11-22T01:00:00Z")]
    [InlineData("2026-11-21T14:00:00,5+01", "2026-11-21T13:00:00.5Z")]
    [InlineData("2026-11-21T14:00:00.123456999Z", "2026-11-21T14:00:00.123456Z")]
    [InlineData("2024-02-29T23:59:59.999999z", "2024-02-29T23:59:59.999999Z")]
    [InlineData("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z")]
    [InlineData("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z")]
    [InlineData("1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999Z")]
    public void A_timestamp_is_read_as_its_instant(string text, string expected)
    {
        Assert.Equal(ParseResult.Ok, TimestampParser.TryParse(Encoding.UTF8.GetBytes(text), out var micros));
        var instant = DateTimeOffset.Parse(expected, CultureInfo.InvariantCulture);
        Assert.Equal((instant - DateTimeOffset.UnixEpoch).Ticks / 10, micros);
    }

    [Theory]
    [InlineData("")]
    [InlineData("2026-11-2")]
    [InlineData("2026-13-01")]
    [InlineData("2026-00-01")]
    [InlineData("2026-01-00")]
    [InlineData("2026-04-31")]
    [InlineData("2100-02-29")]
    [InlineData("2026/11/21")]
    [InlineData("2026-11-21T")]
    [InlineData("2026-11-21T14")]
    [InlineData("2026-11-21T24:00:00")]
    [InlineData("2026-11-21T14:60:00")]
    [InlineData("2026-11-21T23:59:60Z")]
    [InlineData("2026-11-21T14:00:00.")]
    [InlineData("2026-11-21T14:00:00.1234567890Z")]
    [InlineData("2026-11-21T14:00.5Z")]
    [InlineData("2026-11-21T14:00:00+16:00")]
    [InlineData("2026-11-21T14:00:00+1")]
    [InlineData("2026-11-21T14:00:00+01:60")]
    [InlineData("2026-11-21T14:00:00 Z")]
    [InlineData("2026-11-21T14:00:00ZZ")]
    [InlineData("2026-11-21_14:00:00")]
    [InlineData("20261121T140000Z")]
    public void What_is_no_timestamp_is_invalid(string text) =>
        Assert.Equal(ParseResult.Invalid, TimestampParser.TryParse(Encoding.UTF8.GetBytes(text), out _));

    [Fact]
    public void Every_day_of_every_year_is_the_calendars()
    {
        var first = new DateTime(1, 1, 1);
        Span<byte> text = stackalloc byte[10];
        for (var day = 0; day <= (DateTime.MaxValue - first).Days; day++)
        {
            var date = first.AddDays(day);
            date.TryFormat(text, out _, "yyyy-MM-dd", CultureInfo.InvariantCulture);
            if (TimestampParser.TryParseDate(text, out var days) != ParseResult.Ok || days != (date - DateTime.UnixEpoch).Days)
                Assert.Fail($"{date:yyyy-MM-dd} is day {days}.");
        }
    }

    [Fact]
    public void The_usual_form_is_read_as_the_general_one_is_broken_or_not()
    {
        var random = new Random(31);
        var valid = 0;
        for (var i = 0; i < 200_000; i++)
        {
            var time = DateTime.MinValue.AddTicks(random.NextInt64(DateTime.MaxValue.Ticks));
            var text = Encoding.UTF8.GetBytes(
                time.ToString("yyyy-MM-ddTHH:mm:ss.fffffff", CultureInfo.InvariantCulture)[..random.Next(19, 28)] + "Z");
            if (random.Next(2) == 0)
                text[random.Next(text.Length)] = (byte)random.Next(0x2C, 0x3C);

            var usual = TimestampParser.TryParse(text, out var micros);
            if (text[10] != 'T')
                continue;

            // A space instead of the T leads to the general way.
            text[10] = (byte)' ';
            var general = TimestampParser.TryParse(text, out var expected);
            Assert.True(usual == general && (usual != ParseResult.Ok || micros == expected), Encoding.UTF8.GetString(text));
            valid += usual == ParseResult.Ok ? 1 : 0;
        }

        Assert.InRange(valid, 80_000, 180_000);
    }

    [Theory]
    [InlineData("seconds", 6, "1700000000", 1_700_000_000_000_000)]
    [InlineData("seconds", 6, "1700000000.123456789", 1_700_000_000_123_456)]
    [InlineData("seconds", 6, "1.7e9", 1_700_000_000_000_000)]
    [InlineData("seconds", 6, "-0.0000001", -1)]
    [InlineData("milliseconds", 3, "1700000000123.5", 1_700_000_000_123_500)]
    [InlineData("nanoseconds", -3, "1700000000123456789", 1_700_000_000_123_456)]
    [InlineData("nanoseconds", -3, "-1", -1)]
    [InlineData("nanoseconds", -3, "-1000", -1)]
    public void Epoch_numbers_become_microseconds_cut_off_towards_the_past(string unit, int scale, string text, long expected)
    {
        Assert.NotEmpty(unit);
        Scan(text, (in JsonNumber number) =>
        {
            Assert.Equal(
                ParseResult.Ok,
                NumberConversion.ToInt64(
                    number, scale, Rounding.Floor, TimestampParser.MinMicros, TimestampParser.MaxMicros, out var micros));
            Assert.Equal(expected, micros);
        });
    }

    [Theory]
    [InlineData("P1Y2M3W4DT5H6M7.89S", 14, 25, 18_367_890_000)]
    [InlineData("PT0S", 0, 0, 0)]
    [InlineData("P-1Y", -12, 0, 0)]
    [InlineData("PT-1.5S", 0, 0, -1_500_000)]
    [InlineData("P1DT-2H", 0, 1, -7_200_000_000)]
    public void Durations_keep_months_days_and_microseconds_apart(string text, int months, int days, long micros)
    {
        Assert.Equal(ParseResult.Ok, IntervalParser.TryParse(Encoding.UTF8.GetBytes(text), out var m, out var d, out var us));
        Assert.Equal((months, days, micros), (m, d, us));
    }

    [Theory]
    [InlineData("P", false)]
    [InlineData("P1", false)]
    [InlineData("P1DT", false)]
    [InlineData("P1H", false)]
    [InlineData("PT1D", false)]
    [InlineData("P1D1Y", false)]
    [InlineData("P1.5D", false)]
    [InlineData("1 day", false)]
    [InlineData("P999999999999Y", true)]
    [InlineData("PT99999999999999999999999H", true)]
    public void What_is_no_duration_or_too_long_a_one_is_told_apart(string text, bool tooLong) =>
        Assert.Equal(
            tooLong ? ParseResult.OutOfRange : ParseResult.Invalid,
            IntervalParser.TryParse(Encoding.UTF8.GetBytes(text), out _, out _, out _));

    [Fact]
    public void Decimals_are_rounded_as_exact_arithmetic_rounds_them()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var i = 0; i < 50_000; i++)
        {
            var text = RandomJson.Number(random);
            var precision = random.Next(1, 39);
            var scale = random.Next(0, precision + 1);
            var expected = Exact(text, scale);
            var fits = BigInteger.Abs(expected) < BigInteger.Pow(10, precision);
            Scan(text, (in JsonNumber number) =>
            {
                var result = NumberConversion.ToDecimal(number, precision, scale, out var value);
                Assert.True(
                    result == (fits ? ParseResult.Ok : ParseResult.OutOfRange) && (!fits || (BigInteger)value == expected),
                    $"seed {seed}: {text} ({precision},{scale}): {result} {value} != {expected}");
                if (precision <= 18)
                {
                    Assert.Equal(result, NumberConversion.ToShortDecimal(number, precision, scale, out var small));
                    Assert.True(!fits || small == value);
                }
            });
        }
    }

    [Fact]
    public void Doubles_and_floats_are_the_nearest()
    {
        var random = new Random(17);
        for (var i = 0; i < 50_000; i++)
        {
            var text = RandomJson.Number(random);
            Scan(text, (in JsonNumber number) =>
            {
                Assert.Equal(ParseResult.Ok, NumberConversion.ToDouble(number, out var value));
                Assert.Equal(
                    BitConverter.DoubleToInt64Bits(double.Parse(text, CultureInfo.InvariantCulture)),
                    BitConverter.DoubleToInt64Bits(value));
                var single = float.Parse(text, CultureInfo.InvariantCulture);
                Assert.Equal(
                    float.IsFinite(single) ? ParseResult.Ok : ParseResult.OutOfRange, NumberConversion.ToFloat(number, out var small));
                Assert.Equal(BitConverter.SingleToInt32Bits(single), BitConverter.SingleToInt32Bits(small));
            });
        }
    }

    [Fact]
    public void Uuids_are_duckdbs_cells()
    {
        var random = new Random(23);
        var bytes = new byte[16];
        for (var i = 0; i < 10_000; i++)
        {
            random.NextBytes(bytes);
            var guid = new Guid(bytes);
            var text = guid.ToString(i % 2 == 0 ? "D" : "N");
            text = i % 3 == 0 ? text.ToUpperInvariant() : text;
            Assert.True(UuidParser.TryParse(Encoding.UTF8.GetBytes(text), out var low, out var high));
            Assert.Equal(DuckDbUuid.FromGuid(guid), (Int128)new UInt128(high, low));
            var broken = Encoding.UTF8.GetBytes(text);
            broken[random.Next(broken.Length)] = (byte)"gG/:@`-_ \0"[random.Next(10)];
            Assert.Equal(
                Guid.TryParseExact(Encoding.UTF8.GetString(broken), i % 2 == 0 ? "D" : "N", out _),
                UuidParser.TryParse(broken, out _, out _));
        }
    }

    private delegate void NumberCheck(in JsonNumber number);

    private static unsafe void Scan(string text, NumberCheck check)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        fixed (byte* start = bytes)
        {
            ScanFailure failure = default;
            Assert.True(JsonNumber.Scan(start, start + bytes.Length, out var number, ref failure) == start + bytes.Length, text);
            check(number);
        }
    }

    /// <summary>text × 10^scale, halves rounded away from zero.</summary>
    private static BigInteger Exact(string text, int scale)
    {
        var parts = text.ToLowerInvariant().Split('e');
        var exponent = (parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0) + scale;
        var point = parts[0].IndexOf('.', StringComparison.Ordinal);
        exponent -= point < 0 ? 0 : parts[0].Length - point - 1;
        var digits = BigInteger.Parse(parts[0].Replace(".", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
        if (exponent >= 0)
            return digits * BigInteger.Pow(10, exponent);

        var divisor = BigInteger.Pow(10, -exponent);
        var magnitude = (BigInteger.Abs(digits) + (divisor / 2)) / divisor;
        return digits.Sign * magnitude;
    }
}
