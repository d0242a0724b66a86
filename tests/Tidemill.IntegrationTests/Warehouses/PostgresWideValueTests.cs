using Tidemill.Connectors.Postgres;
using Tidemill.IntegrationTests.Servers;
using Tidemill.Tests.Streaming;

namespace Tidemill.IntegrationTests.Warehouses;

public sealed class PostgresWideValueTests : WideValueContract
{
    private protected override async Task<StreamBench> OpenBenchAsync()
    {
        var server = await PostgresServer.SharedAsync();
        var connection = await server.CreateDatabaseAsync();
        return await StreamBench.OpenAsync(
            warehouse: async () => await PostgresWarehouse.OpenAsync(connection, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Numbers_that_are_none_and_arrays_are_shown()
    {
        await using var bench = await OpenBenchAsync();
        var row = Assert.Single(await bench.RowsAsync(
            """
            SELECT 'NaN'::numeric, '-Infinity'::numeric, 1.50::numeric, 1e40::numeric / 4 + 0.5, ARRAY[1, NULL]::int[],
              ARRAY[[1, 2], [3, 4]], ARRAY[timestamp 'infinity'], ARRAY['a', NULL], '{}'::int[], ARRAY[interval '1 month'], -1e-40::numeric,
              ARRAY['NaN'::numeric], timestamp '294276-12-31 23:59:59.999999'
            """));
        Assert.Equal(
            [
                double.NaN, double.NegativeInfinity, 1.50m, "2500000000000000000000000000000000000000.5",
                new object?[] { 1, null }, new object?[] { new object?[] { 1, 2 }, new object?[] { 3, 4 } },
                new object?[] { DuckDb.DuckDbTimestamp.PositiveInfinity }, new object?[] { "a", null }, Array.Empty<object?>(),
                new object?[] { new DuckDb.DuckDbInterval(1, 0, 0) }, "-0." + new string('0', 39) + "1", new object?[] { double.NaN },
                "+294276-12-31T23:59:59.999999",
            ], row);
    }
}
