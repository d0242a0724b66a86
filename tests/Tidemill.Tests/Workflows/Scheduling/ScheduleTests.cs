using System.Globalization;
using Tidemill.Core.Components;
using Tidemill.Core.Errors;
using Tidemill.Workflows.Scheduling;

namespace Tidemill.Tests.Workflows.Scheduling;

public sealed class ScheduleTests
{
    [Theory]
    // Berlin goes from 02:00 +01:00 to 03:00 +02:00 at 01:00Z on 29 March 2026.
    [InlineData("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00Z", "2026-03-29T01:00Z 2026-03-30T00:30Z")]
    [InlineData("0,15,45 2 * * *", "Europe/Berlin", "2026-03-28T12:00Z", "2026-03-29T01:00Z 2026-03-30T00:00Z")]
    [InlineData("0 3 * * *", "Europe/Berlin", "2026-03-28T12:00Z", "2026-03-29T01:00Z 2026-03-30T01:00Z")]
    [InlineData("30 2,3 * * *", "Europe/Berlin", "2026-03-28T12:00Z", "2026-03-29T01:00Z 2026-03-29T01:30Z 2026-03-30T00:30Z")]
    [InlineData("@hourly", "Europe/Berlin", "2026-03-28T23:00Z", "2026-03-29T00:00Z 2026-03-29T01:00Z 2026-03-29T02:00Z")]
    [InlineData("*/30 2 * * *", "Europe/Berlin", "2026-03-28T12:00Z", "2026-03-30T00:00Z 2026-03-30T00:30Z")]
    [InlineData("0 */2 * * *", "Europe/Berlin", "2026-03-28T22:30Z", "2026-03-28T23:00Z 2026-03-29T02:00Z 2026-03-29T04:00Z")]
    // Berlin goes from 03:00 +02:00 back to 02:00 +01:00 at 01:00Z on 25 October 2026.
    [InlineData("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00Z", "2026-10-25T00:30Z 2026-10-26T01:30Z")]
    [InlineData("0 3 * * *", "Europe/Berlin", "2026-10-24T12:00Z", "2026-10-25T02:00Z 2026-10-26T02:00Z")]
    [InlineData("@hourly", "Europe/Berlin", "2026-10-24T23:00Z", "2026-10-25T00:00Z 2026-10-25T01:00Z 2026-10-25T02:00Z")]
    [InlineData(
        "*/30 2 * * *",
        "Europe/Berlin",
        "2026-10-24T12:00Z",
        "2026-10-25T00:00Z 2026-10-25T00:30Z 2026-10-25T01:00Z 2026-10-25T01:30Z 2026-10-26T01:00Z")]
    [InlineData("30 2 * * *", "Europe/Berlin", "2026-10-25T00:45Z", "2026-10-26T01:30Z")]
    [InlineData("30 2 * * *", "Europe/Berlin", "2026-10-25T01:10Z", "2026-10-26T01:30Z")]
    // New York: 02:00 -05:00 to 03:00 -04:00 at 07:00Z on 8 March; back at 06:00Z on 1 November 2026.
    [InlineData("30 2 * * *", "America/New_York", "2026-03-07T12:00Z", "2026-03-08T07:00Z 2026-03-09T06:30Z")]
    [InlineData("30 1 * * *", "America/New_York", "2026-10-31T12:00Z", "2026-11-01T05:30Z 2026-11-02T06:30Z")]
    [InlineData("30 * * * *", "America/New_York", "2026-11-01T04:45Z", "2026-11-01T05:30Z 2026-11-01T06:30Z 2026-11-01T07:30Z")]
    [InlineData("@daily", "America/New_York", "2026-03-07T12:00Z", "2026-03-08T05:00Z 2026-03-09T04:00Z")]
    // Lord Howe moves by half an hour; Samoa left out the whole of 30 December 2011.
    [InlineData("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00Z", "2026-10-03T15:30Z 2026-10-04T15:15Z")]
    [InlineData("0 12 * * *", "Pacific/Apia", "2011-12-29T12:00Z", "2011-12-29T22:00Z 2011-12-30T10:00Z 2011-12-30T22:00Z")]
    [InlineData("0 0 29 2 *", "UTC", "2097-01-01T00:00Z", "2104-02-29T00:00Z")]
    [InlineData("@yearly", "UTC", "2026-01-01T00:00Z", "2027-01-01T00:00Z 2028-01-01T00:00Z")]
    public void Fire_times_follow_the_zone(string cron, string zone, string after, string expected)
    {
        var schedule = Schedule.Parse(cron, zone);
        var fires = new List<string>();
        DateTimeOffset? at = At(after);
        for (var i = 0; i < expected.Split(' ').Length; i++)
        {
            at = schedule.Next(at!.Value);
            fires.Add(at!.Value.ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture));
        }

        Assert.Equal(expected, string.Join(' ', fires));
    }

    [Fact]
    public void Next_lies_after_the_given_time_even_within_its_minute()
    {
        var schedule = Schedule.Parse("* * * * *", "UTC");
        Assert.Equal(At("2026-01-01T00:01Z"), schedule.Next(At("2026-01-01T00:00Z")));
        Assert.Equal(At("2026-01-01T00:01Z"), schedule.Next(At("2026-01-01T00:00Z").AddSeconds(59.9)));
        Assert.Equal(At("2026-01-01T00:01Z"), schedule.Next(new DateTimeOffset(2026, 1, 1, 2, 0, 30, TimeSpan.FromHours(2))));
    }

    [Fact]
    public void A_run_is_about_the_time_from_one_fire_time_to_the_next()
    {
        var hourly = Schedule.Parse("@hourly", "UTC");
        var interval = new DataInterval(At("2026-01-01T09:00Z"), At("2026-01-01T10:00Z"));
        Assert.Equal(interval, hourly.IntervalEndingAt(At("2026-01-01T10:00Z")));
        Assert.Equal(interval, hourly.LastInterval(At("2026-01-01T10:00Z")));
        Assert.Equal(interval, hourly.LastInterval(At("2026-01-01T10:59Z")));
    }

    [Fact]
    public void A_day_in_berlin_has_23_and_25_hours_where_the_clock_changes()
    {
        var daily = Schedule.Parse("@daily", "Europe/Berlin");
        Assert.Equal(new DataInterval(At("2026-03-28T23:00Z"), At("2026-03-29T22:00Z")), daily.LastInterval(At("2026-03-30T12:00Z")));
        Assert.Equal(new DataInterval(At("2026-10-24T22:00Z"), At("2026-10-25T23:00Z")), daily.LastInterval(At("2026-10-26T12:00Z")));
    }

    [Theory]
    [InlineData("@yearly", "2026-06-01T00:00Z", "2026-01-01T00:00Z")]
    [InlineData("0 0 29 2 *", "2103-06-01T00:00Z", "2096-02-29T00:00Z")]
    [InlineData("* 1 * * *", "2026-06-01T00:00Z", "2026-05-31T01:59Z")]
    public void The_fire_time_before_is_found_however_far_back(string cron, string before, string expected) =>
        Assert.Equal(At(expected), Schedule.Parse(cron, "UTC").Previous(At(before)));

    [Fact]
    public void An_unknown_zone_is_refused()
    {
        var error = Assert.Throws<TidemillException>(() => Schedule.Parse("@daily", "Europe/Atlantis"));
        Assert.Equal(ErrorCode.ConfigurationInvalid, error.Code);
        Assert.Contains("Europe/Atlantis", error.Message, StringComparison.Ordinal);
    }

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
