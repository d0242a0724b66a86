using Tidemill.Core.Configuration;

namespace Tidemill.Server.Console.Feed;

/// <summary>A dashboard with its queries' answers.</summary>
internal sealed record DashboardReading(
    DashboardDefinition Definition, IReadOnlyList<TileReading> Tiles, IReadOnlyList<ChartReading> Charts);

/// <summary>A tile's value, or why there is none.</summary>
internal sealed record TileReading(TileDefinition Definition, object? Value, string? Problem);

/// <summary>A chart's rows: x, then one value a series; or why there are none.</summary>
public sealed record ChartReading(ChartDefinition Definition, IReadOnlyList<object?[]> Rows, string? Problem);
