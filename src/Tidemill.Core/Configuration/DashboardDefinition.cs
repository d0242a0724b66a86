namespace Tidemill.Core.Configuration;

/// <summary>Tiles and charts that the console shows on its overview, each from a query on the warehouse.</summary>
public sealed record DashboardDefinition
{
    public required string Name { get; init; }

    public required string File { get; init; }

    public required IReadOnlyList<TileDefinition> Tiles { get; init; }

    public required IReadOnlyList<ChartDefinition> Charts { get; init; }
}

/// <summary>How a value is shown.</summary>
public enum ValueFormat
{
    Number,

    /// <summary>A share of one: 0.05 is shown as 5%.</summary>
    Percent,
}

/// <summary>One value: the first column of the query's first row.</summary>
public sealed record TileDefinition(string Title, SqlText Query)
{
    public ValueFormat Format { get; init; } = ValueFormat.Number;
}

/// <summary>Series over a common x.</summary>
/// <param name="Title">Heading.</param>
/// <param name="Query">SELECT that gives x and the series' columns, in x's order.</param>
/// <param name="X">Column along the bottom; a timestamp or date gives a time axis.</param>
/// <param name="Series">At least one.</param>
public sealed record ChartDefinition(string Title, SqlText Query, string X, IReadOnlyList<SeriesDefinition> Series);

public enum SeriesKind
{
    Bar,
    Line,
}

/// <param name="Column">Column of the chart's query.</param>
public sealed record SeriesDefinition(string Column)
{
    /// <summary>Name in the legend. Default: the column's.</summary>
    public string Title { get; init; } = Column;

    public SeriesKind Kind { get; init; } = SeriesKind.Line;

    /// <summary>Series with the same axis share a scale; the first axis stands left, the others right. Default: an axis for all.</summary>
    public string Axis { get; init; } = "value";

    public ValueFormat Format { get; init; } = ValueFormat.Number;
}
