using System.Globalization;
using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Verification;

namespace Tidemill.Streaming.Replay;

/// <summary>Compares a range's rows with the tables, in a scratch database; only for ranges and tables of a size that allows it.</summary>
internal sealed class ReplayEstimate(StreamServices services)
{
    private const long MaxRecords = 1_000_000;
    private const long MaxRows = 2_000_000;

    public async Task<ReplayPlan> AddAsync(
        ReplayPlan plan,
        StreamDefinition stream, LetterIndex letters, CancellationToken cancellationToken)
    {
        if (plan.Records is 0 or > MaxRecords)
        {
            return plan.Records == 0
                ? plan
                : plan with { Notes = [.. plan.Notes, $"Rows are not compared: the range has more than {MaxRecords} records."] };
        }

        var sinks = new List<ReplaySink>();
        foreach (var (sink, definition) in plan.Sinks.Zip(stream.Sinks))
        {
            sinks.Add(definition.Output is TableOutput table && sink.Method is ReplayMethod.ByKey or ReplayMethod.DeleteAndInsert
                ? await CompareAsync(plan, stream, sink, table.Write, letters, cancellationToken)
                : sink);
        }

        return plan with { Sinks = sinks };
    }

    private async Task<ReplaySink> CompareAsync(
        ReplayPlan plan, StreamDefinition stream, ReplaySink sink, TableWrite table,
        LetterIndex letters, CancellationToken cancellationToken)
    {
        if (await RowsAsync(table.Table, cancellationToken) > MaxRows)
            return sink;

        using var expected = new ExpectedRows(stream);
        var reader = new ReplayReader(services.LogOf(stream.Source), letters.For(sink.Name));
        var run = 0;
        foreach (var range in plan.Ranges)
        {
            await foreach (var batch in reader.ReadAsync(range, cancellationToken))
            {
                using (batch)
                {
                    foreach (var part in batch.Records)
                        expected.Take(run++, part, [], cancellationToken);
                }
            }
        }

        await ActualRows.LoadAsync(
            services.Warehouse, new CheckpointOwner(stream.Name, sink.Name), table.Table, expected, cancellationToken);
        return sink.Method == ReplayMethod.ByKey ? ByKey(expected, sink, table) : ByPosition(expected, sink);
    }

    private static ReplaySink ByKey(ExpectedRows expected, ReplaySink sink, TableWrite table)
    {
        var key = SqlName.List(table.Key);
        var same = string.Join(" AND ", table.Key.Select(k => $"w.{SqlName.Quote(k)} = a.{SqlName.Quote(k)}"));
        var alike = string.Join(" AND ", expected.Columns.Select(c => $"w.{SqlName.Quote(c)} IS NOT DISTINCT FROM a.{SqlName.Quote(c)}"));
        expected.Connection.Execute($"CREATE TEMP TABLE w AS SELECT * FROM expected_rows QUALIFY row_number() OVER (PARTITION BY {key} "
            + $"ORDER BY {ExpectedRows.RunColumn} DESC, rowid DESC) = 1");
        var all = expected.Number("SELECT count(*) FROM w");
        var there = expected.Number($"SELECT count(*) FROM w WHERE EXISTS (SELECT 1 FROM actual_rows a WHERE {same})");
        var unchanged = table.Rule == ConflictRule.Ignore
            ? there
            : expected.Number($"SELECT count(*) FROM w WHERE EXISTS (SELECT 1 FROM actual_rows a WHERE {alike})");
        return sink with { New = all - there, Changed = there - unchanged, Unchanged = unchanged };
    }

    private static ReplaySink ByPosition(ExpectedRows expected, ReplaySink sink)
    {
        var columns = SqlName.List(expected.Columns);
        expected.Connection.Execute("CREATE TEMP TABLE places AS SELECT DISTINCT _topic, _partition, _offset FROM actual_rows");
        var all = expected.Number("SELECT count(*) FROM expected_rows");
        var unchanged = expected.Number(
            $"SELECT count(*) FROM (SELECT {columns} FROM expected_rows INTERSECT ALL SELECT {columns} FROM actual_rows)");
        var there = expected.Number("SELECT count(*) FROM expected_rows SEMI JOIN places USING (_topic, _partition, _offset)");
        return sink with { New = all - there, Changed = there - unchanged, Unchanged = unchanged };
    }

    private async Task<long> RowsAsync(TableName table, CancellationToken cancellationToken)
    {
        if (await services.Warehouse.DescribeAsync(table, cancellationToken) is null)
            return 0;

        await using var result = await services.Warehouse.QueryAsync(
            $"SELECT count(*) FROM {table.Quoted}", [], readOnly: true, cancellationToken);
        await foreach (var row in result.ReadRowsAsync(cancellationToken))
            return Convert.ToInt64(row[0], CultureInfo.InvariantCulture);

        return 0;
    }
}
