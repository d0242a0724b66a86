using System.Globalization;
using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;
using Tidemill.Streaming.DeadLetters;

namespace Tidemill.Streaming.Verification;

/// <summary>
/// Proves a sink that is a topic: reads source and target, and compares what the source's records give, by plain SQL and
/// without the code that writes, with the values found: each as often as it must be. The stream may go on meanwhile: its
/// position is read before and after the target's end, and records between the two may be there or not.
/// </summary>
internal sealed class TopicVerification(
    StreamServices services,
    StreamDefinition stream, SinkDefinition definition, TopicOutput sink, bool shared, Func<Task<LetterIndex>> readLetters)
{
    private readonly TopicSourceDefinition _source = stream.Source;

    public async Task<VerifyReport> VerifyAsync(CancellationToken cancellationToken)
    {
        var source = await DescribeAsync(services.LogOf(_source), _source.Topic, cancellationToken);
        await using var opened = services.OpenSink(stream, definition);
        var before = await opened.ReadPositionsAsync(source.TopicPartitions(), cancellationToken);
        var target = await DescribeAsync(services.LogOf(sink.Connection), sink.Topic, cancellationToken);
        var after = await opened.ReadPositionsAsync(source.TopicPartitions(), cancellationToken);
        var letters = await readLetters();
        if (stream.Decode is not null)
        {
            using var rows = new ExpectedRows(stream);
            rows.Connection.Execute($"CREATE TABLE actual_rows AS SELECT {ActualColumns(rows)} FROM expected_rows LIMIT 0");
            using var values = new ActualValues(rows, sink);
            return await CompareAsync(rows.Connection, rows, new TopicReading(rows, letters), values, Columns(rows));
        }

        using var database = ScratchDatabase.Open(threads: null, "1GB");
        using var connection = database.Connect();
        PassedOnRecords.Prepare(connection);
        using var records = new PassedOnRecords(connection);
        return await CompareAsync(connection, records, new TopicReading(records, letters), null, [PassedOnRecords.Column]);

        async Task<VerifyReport> CompareAsync(
            DuckDbConnection tables, IExpectation expected, TopicReading reading, ActualValues? values, IReadOnlyList<string> columns)
        {
            await ReadAsync(reading, source, p => p.Earliest, p => Position(before, source, p), cancellationToken);
            await reading.AddReplayedAsync(cancellationToken);
            var report = Report(reading, source, before);
            var (due, missing) = (reading.Runs, reading.Missing.Count);
            await ReadAsync(reading, source, p => Position(before, source, p), p => Position(after, source, p), cancellationToken);
            reading.Missing.RemoveRange(missing, reading.Missing.Count - missing);
            var found = await ReadTargetAsync(target, run => Take(run, values, expected, cancellationToken), cancellationToken);
            var compared = Compare(tables, columns, due, source) with { Altered = values?.Altered ?? 0 };
            return report with
            {
                RowsFound = found,
                Lost = compared.Lost + missing,
                Doubled = compared.Doubled,
                Altered = compared.Altered,
                Findings = StreamVerifier.Findings(reading, compared),
            };
        }
    }

    private static long Take(FetchedRecords run, ActualValues? values, IExpectation expected, CancellationToken cancellationToken)
    {
        if (values is null)
            ((PassedOnRecords)expected).TakeActual(run.Records);
        else
            values.Take(run, cancellationToken);

        return run.Records.Length;
    }

    private static async Task<TopicDescription> DescribeAsync(ILog log, string topic, CancellationToken cancellationToken) =>
        await log.DescribeTopicAsync(topic, cancellationToken)
        ?? throw new TidemillException(ErrorCode.NotFound, $"Topic {topic} does not exist at {log.Description}.");

    private static LogOffset Position(
        IReadOnlyDictionary<TopicPartition, LogOffset> positions, TopicDescription topic, PartitionDescription partition) =>
        positions.GetValueOrDefault(new TopicPartition(topic.Name, partition.Partition), partition.Earliest);

    private async Task ReadAsync(
        TopicReading reading,
        TopicDescription topic, Func<PartitionDescription, LogOffset> start, Func<PartitionDescription, LogOffset> end,
        CancellationToken cancellationToken)
    {
        foreach (var partition in topic.Partitions)
        {
            var range = new OffsetRange(new TopicPartition(topic.Name, partition.Partition), start(partition), end(partition));
            await PartitionReading.ReadAsync(
                services.LogOf(_source), range, run => reading.Add(run, range.End, cancellationToken), cancellationToken);
        }
    }

    private async Task<long> ReadTargetAsync(TopicDescription topic, Func<FetchedRecords, long> take, CancellationToken cancellationToken)
    {
        long found = 0;
        foreach (var partition in topic.Partitions)
        {
            var range = new OffsetRange(new TopicPartition(topic.Name, partition.Partition), partition.Earliest, partition.Next);
            await PartitionReading.ReadAsync(services.LogOf(sink.Connection), range, run => found += take(run), cancellationToken);
        }

        return found;
    }

    private VerifyReport Report(TopicReading reading, TopicDescription topic, IReadOnlyDictionary<TopicPartition, LogOffset> held) => new()
    {
        Stream = stream.Name,
        Table = definition.Name,
        Records = reading.Records,
        DeadLetters = reading.DeadLetters,
        Pending = topic.Partitions.Sum(p => p.Next.Value - Position(held, topic, p).Value),
        Expired = topic.Partitions.Sum(p => p.Earliest.Value),
        RowsExpected = reading.Rows,
        RowsFound = 0,
        Lost = 0,
        Doubled = 0,
        Altered = 0,
        Findings = [],
    };

    /// <summary>Each content at least as often as due records say, at most as often as all records say.</summary>
    private ComparedRows Compare(DuckDbConnection tables, IReadOnlyList<string> columns, long due, TopicDescription topic)
    {
        var list = SqlName.List(columns);
        var same = string.Join(" AND ", columns.Select(c => $"w.{SqlName.Quote(c)} IS NOT DISTINCT FROM f.{SqlName.Quote(c)}"));
        var run = ExpectedRows.RunColumn;
        tables.Execute(string.Create(CultureInfo.InvariantCulture, $"CREATE TEMP TABLE wanted AS SELECT {list}, count(*) FILTER ({run} "
            + $"< {due}) AS _n, count(*) AS _most, min({run}) AS {run} FROM expected_rows GROUP BY {list}"));
        tables.Execute($"CREATE TEMP TABLE found AS SELECT {list}, count(*) AS _n FROM actual_rows GROUP BY {list}");
        tables.Execute($"CREATE TEMP TABLE lost AS SELECT w.{run}, w._n - coalesce(f._n, 0) AS _missing FROM wanted w LEFT JOIN found "
            + $"f ON {same} WHERE w._n > coalesce(f._n, 0)");
        var complete = _source.Start == StartPosition.Earliest && topic.Partitions.All(p => p.Earliest == LogOffset.Zero);
        var surplus = $"SELECT coalesce(sum(f._n - coalesce(w._most, 0)), 0) FROM found f LEFT JOIN wanted w ON {same} WHERE f._n > "
            + $"coalesce(w._most, 0) AND {(complete ? "true" : "w._n IS NOT NULL")}";
        return new ComparedRows(
            Numbers(tables, "SELECT coalesce(sum(_missing), 0)::BIGINT FROM lost")[0],
            shared ? 0 : Numbers(tables, $"SELECT ({surplus})::BIGINT")[0], 0,
            Numbers(tables, $"SELECT DISTINCT {run} FROM lost ORDER BY 1 LIMIT 20"));
    }

    private static List<long> Numbers(DuckDbConnection tables, string sql)
    {
        var numbers = new List<long>();
        using var result = tables.Query(sql);
        while (result.Fetch() is { } chunk)
        {
            using (chunk)
                numbers.AddRange(chunk[0].Data<long>()[..chunk.Size]);
        }

        return numbers;
    }

    private IReadOnlyList<string> Columns(ExpectedRows rows) => sink.ValueColumn is { } value ? [value] : rows.Columns;

    private string ActualColumns(ExpectedRows rows) => SqlName.List(Columns(rows));
}
