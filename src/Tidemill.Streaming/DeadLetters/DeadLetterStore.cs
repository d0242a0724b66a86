using System.Globalization;
using System.Text;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;

namespace Tidemill.Streaming.DeadLetters;

/// <summary>
/// A project's dead letters in the warehouse, one row each, keyed by stream and position, so that writing one again changes nothing.
/// </summary>
public sealed class DeadLetterStore(IWarehouse warehouse) : IDeadLetterTarget
{
    private const int RowsPerInsert = 200;

    /// <summary>Letters read at once. Values may have the size of the largest record, so pages are short.</summary>
    private const int PageLetters = 32;

    private const string Columns =
        """
        project, stream, topic, "partition", "offset", record_time, key, value, error_code, field, message, created_at, status,
        edited_value, sinks
        """;

    private static readonly int ColumnCount = Columns.Split(',').Length;

    /// <summary>Keeps the letters; those that are there already stay as they are, but for sinks that refuse the record, too. Durable on
    /// return.</summary>
    public async Task WriteAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(letters);
        foreach (var part in letters.Chunk(RowsPerInsert))
        {
            var sql = new StringBuilder($"INSERT INTO {SystemTables.DeadLetters} ({Columns}) VALUES ");
            var parameters = new List<object?>(part.Length * ColumnCount);
            foreach (var letter in part)
            {
                var first = parameters.Count + 1;
                sql.Append(parameters.Count == 0 ? "(" : ", (")
                    .AppendJoin(", ", Enumerable.Range(first, ColumnCount).Select(i => $"${i}")).Append(')');
                parameters.AddRange(Values(letter));
            }

            // Letters are seldom there already (after a crash, or when one of a topic is copied), and for ON CONFLICT DuckDB reads the keys
            // of the whole table: so plainly first.
            try
            {
                await warehouse.ExecuteAsync(sql.ToString(), parameters, cancellationToken);
            }
            catch (TidemillException error) when (error.Code == ErrorCode.RowRejected)
            {
                await warehouse.ExecuteAsync(sql.Append(" ON CONFLICT DO NOTHING").ToString(), parameters, cancellationToken);
                await JoinSinksAsync(part, cancellationToken);
            }
        }
    }

    /// <summary>Adds sinks to letters that were there. One that was settled is opened again, for the sinks that refuse it now.</summary>
    private async Task JoinSinksAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken)
    {
        foreach (var letter in letters.Where(l => l.Sinks is not null))
        {
            if (await FindAsync(letter.Stream, letter.Position, cancellationToken) is not { Sinks: { } held } stored
                || letter.Sinks!.All(held.Contains))
            {
                continue;
            }

            var joined = stored.Status == DeadLetterStatus.Open ? stored.Joined(letter).Sinks : letter.Sinks;
            await warehouse.ExecuteAsync(
                $"UPDATE {SystemTables.DeadLetters} SET sinks = $6, status = 'open' WHERE {AtPosition(1)}",
                [.. PositionValues(warehouse.Project, letter.Stream, letter.Position), SinkNames.Write(joined)], cancellationToken);
        }
    }

    /// <summary>Letters, newest first. Null filters match everything.</summary>
    public async Task<IReadOnlyList<DeadLetter>> ListAsync(
        string? stream, DeadLetterStatus? status, int limit, int skip, CancellationToken cancellationToken)
    {
        var filter = Filter(stream, status);
        var sql = string.Create(CultureInfo.InvariantCulture,
            $"SELECT {Columns} FROM {SystemTables.DeadLetters} WHERE {filter.Sql} ORDER BY created_at DESC, topic, \"partition\", "
                + $"\"offset\" DESC LIMIT {limit} OFFSET {skip}");
        return await ReadAsync(sql, filter.Parameters, cancellationToken);
    }

    /// <summary>The letter of this stream at this position, or null.</summary>
    public async Task<DeadLetter?> FindAsync(string stream, RecordPosition position, CancellationToken cancellationToken)
    {
        var sql = $"SELECT {Columns} FROM {SystemTables.DeadLetters} WHERE {AtPosition(1)}";
        var letters = await ReadAsync(sql, PositionValues(warehouse.Project, stream, position), cancellationToken);
        return letters.Count == 0 ? null : letters[0];
    }

    /// <summary>Open letters by stream, code and field, most first.</summary>
    public async Task<IReadOnlyList<DeadLetterCount>> CountAsync(CancellationToken cancellationToken)
    {
        var sql = $"SELECT stream, error_code, field, count(*) FROM {SystemTables.DeadLetters} WHERE project = $1 AND status = 'open' "
            + "GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3";
        await using var result = await warehouse.QueryAsync(sql, [warehouse.Project], readOnly: true, cancellationToken);
        var counts = new List<DeadLetterCount>();
        await foreach (var row in result.ReadRowsAsync(cancellationToken))
        {
            counts.Add(new DeadLetterCount(
                (string)row[0]!,
                Stored.Parse<ErrorCode>((string)row[1]!), (string?)row[2], Convert.ToInt64(row[3], CultureInfo.InvariantCulture)));
        }

        return counts;
    }

    /// <summary>All letters without keys, values and messages, in the order of their positions. Null filters match everything.</summary>
    internal async Task<IReadOnlyList<LetterMark>> MarksAsync(
        string? stream, DeadLetterStatus? status, CancellationToken cancellationToken)
    {
        var filter = Filter(stream, status);
        var sql = $"SELECT stream, topic, \"partition\", \"offset\", created_at, status, sinks, edited_value IS NOT NULL "
            + $"FROM {SystemTables.DeadLetters} WHERE {filter.Sql} ORDER BY topic, \"partition\", \"offset\"";
        await using var result = await warehouse.QueryAsync(sql, filter.Parameters, readOnly: true, cancellationToken);
        var marks = new List<LetterMark>();
        await foreach (var row in result.ReadRowsAsync(cancellationToken))
        {
            marks.Add(new LetterMark(
                (string)row[0]!, new RecordPosition(new TopicPartition((string)row[1]!, (int)row[2]!), new LogOffset((long)row[3]!)),
                Zoned(row[4]), Status(row[5]), SinkNames.Read((string?)row[6]), (bool)row[7]!));
        }

        return marks;
    }

    /// <summary>Letters of the range, whole, by offset. Holds a page of them at a time.</summary>
    internal async IAsyncEnumerable<DeadLetter> ReadAsync(
        string stream, DeadLetterStatus status, OffsetRange range,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var sql = string.Create(CultureInfo.InvariantCulture,
            $"SELECT {Columns} FROM {SystemTables.DeadLetters} WHERE project = $1 AND stream = $2 AND topic = $3 AND \"partition\" = $4 "
                + $"AND \"offset\" >= $5 AND \"offset\" < $6 AND status = $7 ORDER BY \"offset\" LIMIT {PageLetters}");
        IReadOnlyList<DeadLetter> page;
        var next = range.Start;
        do
        {
            page = await ReadAsync(
                sql,
                [
                    warehouse.Project, stream, range.Partition.Topic, range.Partition.Partition, next.Value, range.End.Value, Name(status),
                ],
                cancellationToken);
            foreach (var letter in page)
            {
                next = letter.Position.Offset.Plus(1);
                yield return letter;
            }
        }
        while (page.Count == PageLetters);
    }

    /// <summary>Puts a value in place of an open letter's own, or takes it back with null; returns how many letters it was: 0
    /// or 1.</summary>
    public Task<long> EditAsync(string stream, RecordPosition position, byte[]? value, CancellationToken cancellationToken) =>
        warehouse.ExecuteAsync(
            $"UPDATE {SystemTables.DeadLetters} SET edited_value = $6 WHERE status = 'open' AND {AtPosition(1)}",
            [.. PositionValues(warehouse.Project, stream, position), value], cancellationToken);

    /// <summary>Gives open letters up; returns how many. They stay readable.</summary>
    public Task<long> DiscardAsync(string stream, RecordPosition position, CancellationToken cancellationToken) =>
        warehouse.ExecuteAsync(
            $"UPDATE {SystemTables.DeadLetters} SET status = 'discarded' WHERE status = 'open' AND {AtPosition(1)}",
            PositionValues(warehouse.Project, stream, position), cancellationToken);

    /// <summary>
    /// Marks an open letter as replayed, with the edited value that was sent if one was, inside the writer's transaction, so
    /// that row and mark become visible together. TransactionConflict when somebody else has settled the letter meanwhile.
    /// </summary>
    internal static async Task MarkReplayedAsync(
        IWarehouseWriter writer, string project, DeadLetter letter, CancellationToken cancellationToken)
    {
        var marked = await writer.ExecuteAsync(
            $"UPDATE {SystemTables.DeadLetters} SET status = 'replayed', edited_value = $6 WHERE status = 'open' AND {AtPosition(1)}",
            [.. PositionValues(project, letter.Stream, letter.Position), letter.EditedValue], cancellationToken);
        if (marked == 0)
            throw new TidemillException(ErrorCode.TransactionConflict, $"The dead letter at {letter.Position} is not open any more.");
    }

    private static string AtPosition(int first) =>
        $"project = ${first} AND stream = ${first + 1} AND topic = ${first + 2} AND \"partition\" = ${first + 3} AND \"offset\" = "
            + $"${first + 4}";

    private static List<object?> PositionValues(string project, string stream, RecordPosition position) =>
        [project, stream, position.Partition.Topic, position.Partition.Partition, position.Offset.Value];

    private IEnumerable<object?> Values(DeadLetter letter) =>
    [
        .. PositionValues(warehouse.Project, letter.Stream, letter.Position),
        Unzoned(letter.Timestamp), letter.Key, letter.Value, letter.Code.ToString(), letter.Field, letter.Message,
        Unzoned(letter.CreatedAt), letter.Status.Known is { } status ? Name(status) : letter.Status.ToString(),
        letter.EditedValue, SinkNames.Write(letter.Sinks),
    ];

    private (string Sql, List<object?> Parameters) Filter(string? stream, DeadLetterStatus? status)
    {
        var terms = new List<string> { "project = $1" };
        var parameters = new List<object?> { warehouse.Project };
        if (stream is not null)
        {
            parameters.Add(stream);
            terms.Add($"stream = ${parameters.Count}");
        }

        if (status is { } wanted)
        {
            parameters.Add(Name(wanted));
            terms.Add($"status = ${parameters.Count}");
        }

        return (string.Join(" AND ", terms), parameters);
    }

    private async Task<IReadOnlyList<DeadLetter>> ReadAsync(
        string sql, IReadOnlyList<object?> parameters, CancellationToken cancellationToken)
    {
        await using var result = await warehouse.QueryAsync(sql, parameters, readOnly: true, cancellationToken);
        var letters = new List<DeadLetter>();
        await foreach (var row in result.ReadRowsAsync(cancellationToken))
            letters.Add(FromRow(row));

        return letters;
    }

    private static DeadLetter FromRow(object?[] row) => new()
    {
        Stream = (string)row[1]!,
        Position = new RecordPosition(new TopicPartition((string)row[2]!, (int)row[3]!), new LogOffset((long)row[4]!)),
        Timestamp = Zoned(row[5]),
        Key = (byte[]?)row[6],
        Value = (byte[]?)row[7],
        Code = Stored.Parse<ErrorCode>((string)row[8]!),
        Field = (string?)row[9],
        Message = (string)row[10]!,
        CreatedAt = Zoned(row[11]),
        Status = Status(row[12]),
        EditedValue = (byte[]?)row[13],
        Sinks = SinkNames.Read((string?)row[14]),
    };

    private static string Name(DeadLetterStatus status) => status switch
    {
        DeadLetterStatus.Open => "open",
        DeadLetterStatus.Replayed => "replayed",
        _ => "discarded",
    };

    private static Stored<DeadLetterStatus> Status(object? value) => Stored.Parse<DeadLetterStatus>((string)value!);

    private static DateTime Unzoned(DateTimeOffset time) => DateTime.SpecifyKind(time.UtcDateTime, DateTimeKind.Unspecified);

    private static DateTimeOffset Zoned(object? value) => new(DateTime.SpecifyKind((DateTime)value!, DateTimeKind.Utc));
}
