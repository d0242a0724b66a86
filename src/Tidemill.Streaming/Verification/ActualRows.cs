using System.Collections.Immutable;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Streaming.Verification;

/// <summary>Copies a table's rows beside the expected ones, as <c>actual_rows</c>; a table that is not there has none.</summary>
internal static class ActualRows
{
    public static async Task<long> LoadAsync(
        IWarehouse warehouse, TableName table, ExpectedRows expected, CancellationToken cancellationToken)
    {
        expected.Connection.Execute($"CREATE TABLE actual_rows AS SELECT * EXCLUDE ({ExpectedRows.RunColumn}) FROM expected_rows LIMIT 0");
        if (await warehouse.DescribeAsync(table, cancellationToken) is null)
        {
            return 0;
        }

        using var appender = expected.Connection.Append(null, "actual_rows");
        using var chunk = DataChunk.Create(expected.Types.ToImmutableArray());
        await using var result = await warehouse.QueryAsync(
            $"SELECT {SqlName.List(expected.Columns)} FROM {table.Quoted}", [], readOnly: true, cancellationToken);
        long rows = 0;
        await foreach (var row in result.ReadRowsAsync(cancellationToken))
        {
            for (var column = 0; column < row.Length; column++)
            {
                chunk[column].SetValue(chunk.Size, row[column]);
            }

            rows++;
            if (++chunk.Size == DataChunk.Capacity)
            {
                appender.Append(chunk);
                chunk.Reset();
            }
        }

        appender.Append(chunk);
        appender.Close();
        return rows;
    }
}
