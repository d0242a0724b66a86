using System.Globalization;
using Tidemill.Workflows.Scheduling;

namespace Tidemill.Tests.Workflows.Scheduling;

/// <summary>Random expressions against an oracle that looks at every minute and knows its own value sets.</summary>
public sealed class ScheduleOracleTests
{
    private static readonly string[] Zones =
        ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu"];

    [Theory]
    [InlineData("2026-03-27T00:00Z", 4)]
    [InlineData("2026-10-23T00:00Z", 4)]
    [InlineData("2026-03-06T00:00Z", 4)]
    [InlineData("2026-10-30T00:00Z", 4)]
    [InlineData("2026-04-03T00:00Z", 4)]
    [InlineData("2018-02-15T00:00Z", 5)] // Sao Paulo: midnight is repeated
    [InlineData("2018-11-02T00:00Z", 4)] // Sao Paulo: midnight is skipped
    public void Every_fire_time_around_a_clock_change_is_the_oracles(string start, int days) =>
        Compare(start, days, cases: 60, sparse: false);

    [Theory]
    [InlineData("2027-06-01T00:00Z", 400)]
    public void Every_fire_time_of_a_year_is_the_oracles(string start, int days) => Compare(start, days, cases: 3, sparse: true);

    private static void Compare(string start, int days, int cases, bool sparse)
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var from = DateTimeOffset.Parse(start, CultureInfo.InvariantCulture);
        foreach (var zone in Zones)
        {
            var walls = Walls(TimeZoneInfo.FindSystemTimeZoneById(zone), from, days);
            for (var i = 0; i < cases; i++)
            {
                var cron = RandomCron.Make(random, sparse);
                var expected = Oracle(cron, walls, from);
                var actual = Fires(Schedule.Parse(cron.Text, zone), from, from.AddDays(days));
                Assert.True(expected.SequenceEqual(actual), $"seed {seed}: {cron.Text} in {zone} from {start}: "
                    + $"first difference {expected.Except(actual).Concat(actual.Except(expected)).Order().FirstOrDefault():u}");
                if (expected.Count > 1)
                    Assert.Equal(expected[^2], Schedule.Parse(cron.Text, zone).Previous(expected[^1]));
            }
        }
    }

    /// <summary>The wall clock at each minute, from a day before <paramref name="from"/>.</summary>
    private static DateTime[] Walls(TimeZoneInfo zone, DateTimeOffset from, int days) =>
        [.. Enumerable.Range(-1440, (days + 1) * 1440).Select(minute => TimeZoneInfo.ConvertTime(from.AddMinutes(minute), zone).DateTime)];

    private static List<DateTimeOffset> Oracle(RandomCron cron, DateTime[] walls, DateTimeOffset from)
    {
        var fires = new List<DateTimeOffset>();
        for (var i = 1440; i < walls.Length; i++)
        {
            var fire = cron.Matches(walls[i]);
            if (cron.IsFixed)
                fire = (fire && Array.LastIndexOf(walls, walls[i], i - 1, 1440) < 0) || Skipped(walls[i - 1], walls[i]).Any(cron.Matches);

            if (fire && i > 1440)
                fires.Add(from.AddMinutes(i - 1440));
        }

        return fires;
    }

    private static IEnumerable<DateTime> Skipped(DateTime before, DateTime after)
    {
        for (var wall = before.AddMinutes(1); wall < after; wall = wall.AddMinutes(1))
            yield return wall;
    }

    private static List<DateTimeOffset> Fires(Schedule schedule, DateTimeOffset from, DateTimeOffset end)
    {
        var fires = new List<DateTimeOffset>();
        for (var next = schedule.Next(from); next < end; next = schedule.Next(next.Value))
            fires.Add(next.Value);

        return fires;
    }

    private sealed record RandomCron(string Text, HashSet<int>[] Values, bool[] Stars)
    {
        private static readonly (int Min, int Max)[] Ranges = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)];

        public bool IsFixed => !Stars[0] && !Stars[1];

        public static RandomCron Make(Random random, bool sparse)
        {
            while (true)
            {
                var parts = Ranges.Select((range, i) => MakeField(random, range, open: i > 1 && !sparse && random.Next(4) > 0)).ToArray();
                var cron = new RandomCron(
                    string.Join(' ', parts.Select(part => part.Text)), [.. parts.Select(part => part.Values)],
                    [.. parts.Select(part => part.Text.StartsWith('*'))]);
                if (CronExpression.TryParse(cron.Text, out _, out _))
                    return cron;
            }
        }

        public bool Matches(DateTime wall)
        {
            var day = Values[2].Contains(wall.Day);
            var weekday = Values[4].Contains((int)wall.DayOfWeek);
            return Values[0].Contains(wall.Minute) && Values[1].Contains(wall.Hour) && Values[3].Contains(wall.Month)
                && (Stars[2] || Stars[4] ? day && weekday : day || weekday);
        }

        private static (string Text, HashSet<int> Values) MakeField(Random random, (int Min, int Max) range, bool open)
        {
            var all = Enumerable.Range(range.Min, range.Max - range.Min + 1).ToList();
            var step = random.Next(1, Math.Min(range.Max, 20));
            var a = random.Next(range.Min, range.Max + 1);
            var b = random.Next(a, range.Max + 1);
            return open ? ("*", [.. all]) : random.Next(6) switch
            {
                0 => ("*", [.. all]),
                1 => ($"*/{step}", [.. all.Where(value => (value - range.Min) % step == 0)]),
                2 => ($"{a}-{b}", [.. all.Where(value => value >= a && value <= b)]),
                3 => ($"{a}-{b}/{step}", [.. all.Where(value => value >= a && value <= b && (value - a) % step == 0)]),
                4 => ($"{a},{b}", [a, b]),
                _ => ($"{a}", [a]),
            };
        }
    }
}
