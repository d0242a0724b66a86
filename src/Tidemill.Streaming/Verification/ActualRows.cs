using System.Collections.Immutable;
using System.Globalization;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Streaming.Verification;

/// <summary>A table's rows and its sink's positions of the same moment: the stream may go on meanwhile.</summary>
/// <param name="Count">Rows in <c>actual_rows</c>.</param>
/// <param name="Positions">For each partition, the next record whose rows are not among them.</param>
internal sealed record ActualRows(long Count, IReadOnlyDictionary<TopicPartition, LogOffset> Positions)
{
    /// <summary>Copies the rows beside the expected ones, as <c>actual_rows</c>; a table that is not there has none.</summary>
    public static async Task<ActualRows> LoadAsync(
        IWarehouse warehouse, CheckpointOwner owner, TableName table, ExpectedRows expected, CancellationToken cancellationToken)
    {
        expected.Connection.Execute($"CREATE TABLE actual_rows AS SELECT * EXCLUDE ({ExpectedRows.RunColumn}) FROM expected_rows LIMIT 0");
        var before = await warehouse.ReadCheckpointsAsync(owner, cancellationToken);
        if (await warehouse.DescribeAsync(table, cancellationToken) is null)
            return new ActualRows(0, before);

        using var appender = expected.Connection.Append(null, "actual_rows");
        using var chunk = DataChunk.Create(expected.Types.ToImmutableArray());
        await using var result = await warehouse.QueryAsync(
            Sql(table, expected.Columns), [warehouse.Project, owner.Stream, owner.Sink], readOnly: true, cancellationToken);
        long rows = 0;
        var positions = "";
        await foreach (var row in result.ReadRowsAsync(cancellationToken))
        {
            if (row[^1] is string text)
            {
                positions = text;
                continue;
            }

            for (var column = 0; column < row.Length - 1; column++)
                Set(chunk, column, row[column], table, expected.Columns[column]);

            rows++;
            if (++chunk.Size == DataChunk.Capacity)
            {
                appender.Append(chunk);
                chunk.Reset();
            }
        }

        appender.Append(chunk);
        appender.Close();
        return new ActualRows(rows, Parse(positions));
    }

    private static void Set(DataChunk chunk, int column, object? value, TableName table, string name)
    {
        try
        {
            chunk[column].SetValue(chunk.Size, value);
        }
        catch (Exception error) when (error is InvalidCastException or OverflowException or NotSupportedException)
        {
            throw new TidemillException(
                ErrorCode.SchemaConflict,
                $"Column {name} of table {table} holds a value that {chunk[column].Type}, the type of the stream's rows, does not hold.",
                error);
        }
    }

    // One statement sees one moment: the table's rows, and in a row of its own what the checkpoints of $1, $2, $3 say.
    private static string Sql(TableName table, IReadOnlyList<string> columns) => $"""
        SELECT {SqlName.List(columns)}, NULL AS _positions FROM {table.Quoted}
        UNION ALL
        SELECT {string.Join(", ", columns.Select(_ => "NULL"))}, coalesce(string_agg(topic || '/' || CAST("partition" AS text) || '/' || CAST(next_offset AS text), ','), '')
        FROM {SystemTables.Checkpoints} WHERE project = $1 AND stream = $2 AND sink = $3
        """;

    private static Dictionary<TopicPartition, LogOffset> Parse(string positions) => positions
        .Split(',', StringSplitOptions.RemoveEmptyEntries).Select(position => position.Split('/')).ToDictionary(
            parts => new TopicPartition(parts[0], int.Parse(parts[1], CultureInfo.InvariantCulture)),
            parts => new LogOffset(long.Parse(parts[2], CultureInfo.InvariantCulture)));
}
