using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;
using Tidemill.Server.Hosting;

namespace Tidemill.Server.Console.Feed;

/// <summary>Runs the dashboards' queries, read-only and bounded in time and rows. A query that fails shows its reason in its
/// place.</summary>
internal sealed class DashboardReader(ProjectRuntime runtime)
{
    private const int MostRows = 2000;
    private static readonly TimeSpan QueryTimeout = TimeSpan.FromSeconds(5);

    public async Task<IReadOnlyList<DashboardReading>> ReadAsync(CancellationToken cancellationToken)
    {
        List<DashboardReading> readings = [];
        foreach (var dashboard in runtime.Project.Dashboards)
        {
            List<TileReading> tiles = [];
            foreach (var tile in dashboard.Tiles)
            {
                var (rows, problem) = await QueryAsync(tile.Query, columns => [0], cancellationToken);
                tiles.Add(new TileReading(tile, rows is [var first, ..] ? first[0] : null, problem));
            }

            List<ChartReading> charts = [];
            foreach (var chart in dashboard.Charts)
            {
                var (rows, problem) = await QueryAsync(chart.Query, columns => Columns(chart, columns), cancellationToken);
                charts.Add(new ChartReading(chart, rows, problem));
            }

            readings.Add(new DashboardReading(dashboard, tiles, charts));
        }

        return readings;
    }

    private static int[] Columns(ChartDefinition chart, IReadOnlyList<QueryColumn> columns)
    {
        return [.. chart.Series.Select(s => s.Column).Prepend(chart.X).Select(Position)];

        int Position(string name) =>
            columns.ToList().FindIndex(c => c.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) is var at and >= 0
            ? at
            : throw new TidemillException(
                ErrorCode.ConfigurationInvalid, $"{chart.Query.File}:{chart.Query.Line}: the query gives no column {name}.");
    }

    private async Task<(IReadOnlyList<object?[]> Rows, string? Problem)> QueryAsync(
        SqlText query, Func<IReadOnlyList<QueryColumn>, int[]> choose, CancellationToken cancellationToken)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(QueryTimeout);
        try
        {
            await using var result = await runtime.Warehouse.QueryAsync(query.Text, [], readOnly: true, bounded.Token);
            var wanted = choose(result.Columns);
            List<object?[]> rows = [];
            await foreach (var row in result.ReadRowsAsync(bounded.Token))
            {
                rows.Add([.. wanted.Select(i => row[i])]);
                if (rows.Count == MostRows)
                    break;
            }

            return (rows, null);
        }
        catch (TidemillException e)
        {
            return ([], e.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return ([], $"{query.File}:{query.Line}: the query took longer than {QueryTimeout.TotalSeconds} s.");
        }
    }
}
