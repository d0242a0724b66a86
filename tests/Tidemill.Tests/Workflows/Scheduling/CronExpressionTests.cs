using Tidemill.Workflows.Scheduling;

namespace Tidemill.Tests.Workflows.Scheduling;

public sealed class CronExpressionTests
{
    [Theory]
    [InlineData("*/15 * * * *", "2026-03-01 10:15", true)]
    [InlineData("*/15 * * * *", "2026-03-01 10:16", false)]
    [InlineData("5-10/5,59 3 * * *", "2026-03-01 03:10", true)]
    [InlineData("5-10/5,59 3 * * *", "2026-03-01 03:59", true)]
    [InlineData("5-10/5,59 3 * * *", "2026-03-01 03:06", false)]
    [InlineData("0 0 * jan,DEC *", "2026-12-24 00:00", true)]
    [InlineData("0 0 * JAN-mar *", "2026-04-01 00:00", false)]
    [InlineData("0 0 * * SUN", "2026-03-01 00:00", true)]
    [InlineData("0 0 * * 0", "2026-03-01 00:00", true)]
    [InlineData("0 0 * * 7", "2026-03-01 00:00", true)]
    [InlineData("0 0 * * 5-7", "2026-03-01 00:00", true)]
    [InlineData("0 0 * * FRI-SUN", "2026-03-01 00:00", true)]
    [InlineData("0 0 * * FRI-SUN", "2026-03-05 00:00", false)]
    [InlineData("0 0 * * MON-FRI", "2026-03-01 00:00", false)]
    [InlineData("0 0 * * */7", "2026-03-02 00:00", false)]
    [InlineData("@hourly", "2026-03-02 11:00", true)]
    [InlineData("@daily", "2026-03-02 00:00", true)]
    [InlineData("@midnight", "2026-03-02 01:00", false)]
    [InlineData("@weekly", "2026-03-01 00:00", true)]
    [InlineData("@monthly", "2026-03-01 00:00", true)]
    [InlineData("@YEARLY", "2026-01-01 00:00", true)]
    [InlineData("5/15 * * * *", "2026-03-01 10:50", true)]
    [InlineData("0 22-2 * * *", "2026-03-01 01:00", true)]
    [InlineData("0 22-2 * * *", "2026-03-01 03:00", false)]
    [InlineData("0 0 L * *", "2026-02-28 00:00", true)] // the last day
    [InlineData("0 0 L * *", "2026-02-27 00:00", false)]
    [InlineData("0 0 LW * *", "2026-01-30 00:00", true)] // the last working day; the 31st is a Saturday
    [InlineData("0 0 15W * *", "2026-02-16 00:00", true)] // the working day next to a Sunday
    [InlineData("0 0 ? * MON#1", "2026-03-02 00:00", true)] // the first Monday
    [InlineData("0 0 ? * MON#1", "2026-03-09 00:00", false)]
    [InlineData("0 0 * * FRIL", "2026-03-27 00:00", true)] // the last Friday
    [InlineData("  0\t0  1 1 * ", "2026-01-01 00:00", true)]
    public void A_minute_matches_as_crontab_says(string cron, string local, bool expected)
    {
        Assert.True(CronExpression.TryParse(cron, out var expression, out var problem), problem);
        Assert.Equal(expected, expression.Matches(At(local)));
    }

    [Theory]
    [InlineData("0 0 13 * FRI", "2026-03-06 00:00", true)] // a Friday
    [InlineData("0 0 13 * FRI", "2026-04-13 00:00", true)] // a 13th
    [InlineData("0 0 13 * FRI", "2026-04-14 00:00", false)]
    [InlineData("0 0 */2 * FRI", "2026-03-13 00:00", true)] // begins with *: both must match
    [InlineData("0 0 */2 * FRI", "2026-03-06 00:00", false)]
    [InlineData("0 0 13 * *", "2026-03-06 00:00", false)]
    public void Two_restricted_day_fields_match_either_and_a_starred_one_both(string cron, string local, bool expected)
    {
        Assert.True(CronExpression.TryParse(cron, out var expression, out _));
        Assert.Equal(expected, expression.Matches(At(local)));
    }

    [Theory]
    [InlineData("", "0 fields")]
    [InlineData("* * * *", "4 fields")]
    [InlineData("0 * * * * *", "6 fields")]
    [InlineData("60 * * * *", "Minutes: Value must be a number between 0 and 59")]
    [InlineData("* 24 * * *", "Hours: Value")]
    [InlineData("* * 0 * *", "Days of month: Value")]
    [InlineData("* * * 13 *", "Months: Value must be a number between 1 and 12")]
    [InlineData("* * * * 8", "Days of week: Value must be a number between 0 and 7")]
    [InlineData("*/0 * * * *", "Minutes: Value must be a number between 1 and 59")]
    [InlineData("*/ * * * *", "Minutes: ")]
    [InlineData("* * L-40 * *", "Days of month: ")]
    [InlineData("* * * * MON#6", "Days of week: ")]
    [InlineData("1,,2 * * * *", "Minutes: ")]
    [InlineData("-5 * * * *", "Minutes: ")]
    [InlineData("+5 * * * *", "Minutes: ")]
    [InlineData("@often", "is none of @hourly")]
    [InlineData("0 0 30 2 *", "never fires")]
    [InlineData("0 0 31 4,6 *", "never fires")]
    public void A_wrong_expression_is_refused_with_the_reason(string cron, string reason)
    {
        Assert.False(CronExpression.TryParse(cron, out _, out var problem));
        Assert.Contains(reason, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("30 2 * * *", true)]
    [InlineData("0,30 1-3 * * *", true)]
    [InlineData("* 2 * * *", false)]
    [InlineData("30 * * * *", false)]
    [InlineData("30 */2 * * *", false)]
    [InlineData("@hourly", false)]
    [InlineData("@daily", true)]
    public void Times_of_day_are_told_from_rhythms(string cron, bool isFixed)
    {
        Assert.True(CronExpression.TryParse(cron, out var expression, out _));
        Assert.Equal(isFixed, expression.IsFixedTime);
    }

    private static DateTime At(string local) => DateTime.Parse(local, System.Globalization.CultureInfo.InvariantCulture);
}
