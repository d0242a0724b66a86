using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.DuckDb;

namespace Tidemill.Server.Topics;

/// <summary>
/// A SQL condition on records, run by a DuckDB of its own that reaches no file and no network. Columns: <c>partition</c>,
/// <c>"offset"</c>, <c>timestamp</c> (UTC), <c>key</c> and <c>text</c> (NULL where they are no UTF-8), <c>value</c> (the text
/// as JSON, NULL where it is none), <c>headers</c> (a JSON object) and <c>size</c> (bytes of key and value). Used by one
/// caller at a time.
/// </summary>
internal sealed class RecordSqlFilter : IDisposable
{
    private static readonly LogicalType[] Types =
    [
        LogicalType.Integer, LogicalType.Integer, LogicalType.BigInt, LogicalType.Timestamp, LogicalType.Varchar, LogicalType.Varchar,
        LogicalType.Varchar, LogicalType.Integer,
    ];

    private readonly DuckDbDatabase _database;
    private readonly DuckDbConnection _connection;
    private readonly ChunkSource _source;
    private readonly DuckDbStatement _statement;

    /// <summary>SqlInvalid when the condition cannot be read.</summary>
    public RecordSqlFilter(string condition)
    {
        _database = ScratchDatabase.Open(threads: 1, "256MB");
        try
        {
            _connection = _database.ConnectInUtc();
            _source = _database.Register(new ChunkSource(
                ["row", "partition", "offset", "timestamp", "key", "text", "headers", "size"], Types, ordered: true));
            _connection.Execute(
                $"CREATE TEMP VIEW records AS SELECT row, partition, \"offset\", timestamp, key, text, headers::JSON AS headers, size, "
                    + $"CASE WHEN json_valid(text) THEN text::JSON END AS value FROM {_source.Sql}");
            _connection.Lock();
            _statement = _connection.Prepare($"SELECT row FROM records WHERE (\n{condition}\n)");
        }
        catch (DuckDbException error)
        {
            Dispose();
            throw Failure(error);
        }
    }

    /// <summary>Those of the records at <paramref name="candidates"/> that satisfy the condition, in order.</summary>
    public List<int> Matches(FetchedRecords fetched, List<int> candidates, CancellationToken cancellationToken)
    {
        List<int> matches = [];
        foreach (var part in candidates.Chunk(DataChunk.Capacity))
        {
            using var chunk = Fill(fetched, part);
            _source.Set([chunk]);
            try
            {
                using var cancelling = _connection.CancelWith(cancellationToken);
                using var result = _statement.Query();
                while (result.Fetch() is { } rows)
                {
                    using (rows)
                        matches.AddRange(rows[0].Data<int>()[..rows.Size]);
                }
            }
            catch (DuckDbException error)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw Failure(error);
            }
            finally
            {
                _source.Clear();
            }
        }

        return matches;
    }

    public void Dispose()
    {
        _statement?.Dispose();
        _connection?.Dispose();
        _database.Dispose();
    }

    private static DataChunk Fill(FetchedRecords fetched, int[] indexes)
    {
        var chunk = DataChunk.Create(Types);
        chunk.Size = indexes.Length;
        for (var row = 0; row < indexes.Length; row++)
        {
            ref readonly var record = ref fetched.Records[indexes[row]];
            chunk[0].Data<int>()[row] = indexes[row];
            chunk[1].Data<int>()[row] = fetched.Partition.Partition;
            chunk[2].Data<long>()[row] = record.Offset;
            chunk[3].Data<long>()[row] = record.TimestampMs * 1000;
            SetText(chunk, 4, row, record.HasKey, record.Key);
            SetText(chunk, 5, row, !record.IsTombstone, record.Value);
            chunk[6].SetString(row, Json(fetched.Headers(indexes[row])));
            chunk[7].Data<int>()[row] = record.Key.Length + record.Value.Length;
        }

        return chunk;
    }

    private static void SetText(DataChunk chunk, int column, int row, bool present, ReadOnlySpan<byte> bytes)
    {
        if (present && Utf8.IsValid(bytes))
            chunk[column].SetUtf8(row, bytes);
        else
            chunk[column].SetNull(row);
    }

    // A name that stands twice keeps its last value, as JSON objects have it.
    private static string Json(IReadOnlyList<RecordHeader> headers)
    {
        if (headers.Count == 0)
            return "{}";

        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var header in headers.GroupBy(h => h.Name, StringComparer.Ordinal).Select(g => g.Last()))
            {
                if (header.Value is { } value)
                {
                    writer.WriteString(
                        header.Name,
                        Utf8.IsValid(value.Span) ? System.Text.Encoding.UTF8.GetString(value.Span) : Convert.ToBase64String(value.Span));
                }
                else
                {
                    writer.WriteNull(header.Name);
                }
            }

            writer.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static TidemillException Failure(DuckDbException error) => new(
        ErrorCode.SqlInvalid, string.Create(CultureInfo.InvariantCulture, $"The condition on records: {error.Message}"), error);
}
