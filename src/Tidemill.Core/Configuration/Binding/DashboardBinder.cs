using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Configuration.Yaml;

namespace Tidemill.Core.Configuration.Binding;

/// <summary>Turns one dashboards/*.yaml into its record.</summary>
internal static class DashboardBinder
{
    public static DashboardDefinition Bind(Section root, string defaultName) => new()
    {
        Name = root.Text("name") ?? defaultName,
        File = root.Context.Report.File,
        Tiles = Items(root, "tiles", DashboardShapes.Tile, BindTile),
        Charts = Items(root, "charts", DashboardShapes.Chart, BindChart),
    };

    private static TileDefinition BindTile(Section tile) =>
        new(tile.Text("title") ?? "", tile.Sql("query") ?? Missing(tile)) { Format = tile.Choice("format", ValueFormat.Number) };

    private static ChartDefinition BindChart(Section chart) => new(
        chart.Text("title") ?? "", chart.Sql("query") ?? Missing(chart), chart.Text("x") ?? "",
        Items(chart, "series", DashboardShapes.Series, BindSeries));

    private static SeriesDefinition BindSeries(Section series)
    {
        var defaults = new SeriesDefinition(series.Text("column") ?? "");
        return defaults with
        {
            Title = series.Text("title") ?? defaults.Title,
            Kind = series.Choice("kind", defaults.Kind),
            Axis = series.Text("axis") ?? defaults.Axis,
            Format = series.Choice("format", defaults.Format),
        };
    }

    private static List<T> Items<T>(Section parent, string key, ObjectShape shape, Func<Section, T> bind) =>
    [
        .. parent.Items(key).Select((item, i) => (Node: item as MappingNode, Index: i)).Where(item => item.Node is not null)
            .Select(item => bind(new Section(
                item.Node!, shape, ConfigPath.Item(ConfigPath.Key(parent.Path, key), item.Index), parent.Context))),
    ];

    // The shape's check has reported that the query is missing; binding goes on to find more.
    private static SqlText Missing(Section section) => new("", section.Context.Report.File, section.Node.Line);
}
