namespace Tidemill.Core.Configuration.Shapes;

/// <summary>dashboards/*.yaml.</summary>
internal static class DashboardShapes
{
    private static readonly TextShape Title = new();

    private static readonly ChoiceShape Format = new("number", "percent");

    public static readonly ObjectShape Tile = new(
        new Property("title", Title, "What the value is.") { Required = true },
        new Property("query", CommonShapes.Sql, "SELECT on the warehouse; its first row's first column is shown.") { Required = true },
        new Property("format", Format, "How the value is shown; percent takes a share of one.") { Default = "number" });

    public static readonly ObjectShape Series = new(
        new Property("column", CommonShapes.Column, "Column of the chart's query.") { Required = true },
        new Property("title", Title, "Name in the legend. Default: the column's."),
        new Property("kind", new ChoiceShape("bar", "line"), "How it is drawn.") { Default = "line" },
        new Property(
            "axis",
            CommonShapes.Name,
            "Series with the same axis share a scale; the first stands left, others right.")
        { Default = "value" },
        new Property("format", Format, "How its values are shown; percent takes shares of one.") { Default = "number" });

    public static readonly ObjectShape Chart = new(
        new Property("title", Title, "Heading.") { Required = true },
        new Property(
            "query", CommonShapes.Sql, "SELECT on the warehouse, in the order of x; at most 2000 rows are shown.")
        { Required = true },
        new Property("x", CommonShapes.Column, "Column along the bottom; a timestamp or date gives a time axis.") { Required = true },
        new Property("series", new ListShape(Series, MinItems: 1), "What is drawn.") { Required = true });

    public static readonly ObjectShape Root = new(
        new Property("name", CommonShapes.Name, "The dashboard's name. Default: the file's name."),
        new Property("tiles", new ListShape(Tile), "Single values, shown first."),
        new Property("charts", new ListShape(Chart), "Charts, one below the other."));
}
