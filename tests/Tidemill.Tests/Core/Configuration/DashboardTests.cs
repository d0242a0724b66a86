using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Server.Hosting;

namespace Tidemill.Tests.Core.Configuration;

public sealed class DashboardTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-dashboards-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Dashboard_of_the_example_loads()
    {
        var dashboard = Assert.Single(
            ProjectLoader.Load(RepositoryFiles.Transactions, "dev", InstalledKinds.All, new Dictionary<string, string?>()).Dashboards);
        Assert.Equal(("overview", "dashboards/overview.yaml"), (dashboard.Name, dashboard.File));
        Assert.Equal(ValueFormat.Percent, dashboard.Tiles[0].Format);
        var chart = Assert.Single(dashboard.Charts);
        Assert.Equal("event_hour", chart.X);
        Assert.Equal([SeriesKind.Bar, SeriesKind.Line, SeriesKind.Line], chart.Series.Select(s => s.Kind));
        Assert.Equal(3, chart.Series.Select(s => s.Axis).Distinct().Count());
        Assert.Contains("hourly_metrics_live", chart.Query.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_error_of_a_dashboard_is_told_with_its_line()
    {
        File.WriteAllText(Path.Combine(_folder, "tidemill.yaml"), "name: p\n");
        Directory.CreateDirectory(Path.Combine(_folder, "dashboards"));
        File.WriteAllText(
            Path.Combine(_folder, "dashboards", "d.yaml"),
            "charts:\n  - title: t\n    x: a\n    series:\n      - {column: c, kind: pie}\ntils: []\n");
        var error = Assert.Throws<TidemillException>(
            () => ProjectLoader.Load(_folder, null, InstalledKinds.All, new Dictionary<string, string?>()));
        Assert.Contains(error.ConfigErrors, e => e is { Path: "charts[0].series[0].kind", Line: 5, File: "dashboards/d.yaml" });
        Assert.Contains(
            error.ConfigErrors,
            e => e.Path.StartsWith("charts[0]", StringComparison.Ordinal) && e.Problem.Contains("query", StringComparison.Ordinal));
        Assert.Contains(error.ConfigErrors, e => e.Line == 6 && e.Fix.Contains("tiles", StringComparison.Ordinal));
    }
}
