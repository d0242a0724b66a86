using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Tidemill.Core.Components;
using Tidemill.Core.Streams;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Streaming.Verification;

/// <summary>
/// Compares <c>expected_rows</c> with a sink's documents. Rows of runs below <paramref name="required"/> must be there; later
/// ones, of records behind the checkpoint, may be: documents are written before the position moves. With
/// <paramref name="shared"/> other sinks write documents there, too, and replace these: then lost ones are all that can be told.
/// </summary>
internal sealed class DocumentComparison(
    ExpectedRows expected, IDocumentSink sink, SinkTraits traits, long required, bool complete, bool shared)
{
    /// <summary>Columns that both sides can spell alike; intervals have no text that SQL reads.</summary>
    private readonly List<string> _columns = [.. expected.Columns.Where((_, i) => expected.Types[i].TypeId != DuckDbTypeId.Interval)];

    /// <summary>Copies the documents beside the expected rows, each value as its text and then as its column's type.</summary>
    public async Task<long> LoadAsync(CancellationToken cancellationToken)
    {
        var texts = string.Join(", ", expected.Columns.Select((_, i) => string.Create(CultureInfo.InvariantCulture, $"c{i} VARCHAR")));
        expected.Connection.Execute($"CREATE OR REPLACE TABLE documents ({texts})");
        long count = 0;
        using (var appender = expected.Connection.Append(null, "documents"))
        using (var chunk = DataChunk.Create(expected.Columns.Select(_ => LogicalType.Varchar).ToImmutableArray()))
        {
            await foreach (var document in sink.ReadDocumentsAsync(cancellationToken))
            {
                Fill(chunk, document);
                count++;
                if (chunk.Size == DataChunk.Capacity)
                {
                    appender.Append(chunk);
                    chunk.Reset();
                }
            }

            appender.Append(chunk);
            appender.Close();
        }

        var values = string.Join(", ", expected.Columns.Select((column, i) => $"{Value(i)} AS {SqlName.Quote(column)}"));
        expected.Connection.Execute($"CREATE OR REPLACE TABLE actual_rows AS SELECT {values} FROM documents; DROP TABLE documents");
        JsonSpelling.Unify(expected, sink.KeptJson);
        return count;
    }

    public ComparedRows Compare()
    {
        var key = SqlName.List(traits.Key);
        var must = $"{ExpectedRows.RunColumn} < {required.ToString(CultureInfo.InvariantCulture)}";
        Create("candidates", $"SELECT * REPLACE ({Normalized()}) FROM expected_rows".Replace(" REPLACE ()", "", StringComparison.Ordinal));
        Create("gone", traits.Delete is not { } delete ? "SELECT * FROM candidates LIMIT 0" : traits.Version is { } order
            ? $"SELECT * FROM candidates QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {SqlName.Quote(order)} DESC, "
            + $"{ExpectedRows.RunColumn} DESC) = 1 AND {SqlName.Quote(delete)}"
            : $"SELECT * FROM candidates WHERE {SqlName.Quote(delete)}");
        Create("lost", $"SELECT min({ExpectedRows.RunColumn}) AS {ExpectedRows.RunColumn} FROM candidates w WHERE {must}"
            + $" AND NOT EXISTS (SELECT 1 FROM actual_rows a WHERE {Same(traits.Key)}) AND NOT EXISTS (SELECT 1 FROM gone a WHERE "
            + $"{Same(traits.Key)}) GROUP BY {key}");
        var doubled = Number($"SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM actual_rows GROUP BY {key}) WHERE n > 1");
        var known = complete ? "true" : $"EXISTS (SELECT 1 FROM candidates w WHERE {Same(traits.Key)})";
        var unexplained = "NOT EXISTS (SELECT 1 FROM candidates w WHERE "
            + $"{Same(_columns)}{(traits.Delete is { } d ? $" AND w.{SqlName.Quote(d)} IS NOT TRUE" : "")})";
        var older = traits.Version is not { } version
            ? "false"
            : $"EXISTS (SELECT 1 FROM candidates w WHERE {must} AND {Same(traits.Key)} AND w.{SqlName.Quote(version)} > "
            + $"a.{SqlName.Quote(version)})";
        var altered = shared ? 0 : Number($"SELECT count(*) FROM actual_rows a WHERE ({known} AND {unexplained}) OR {older}");
        return new ComparedRows(Number("SELECT count(*) FROM lost"), doubled, altered, expected.LostRuns());
    }

    private void Fill(DataChunk chunk, JsonElement document)
    {
        for (var i = 0; i < expected.Columns.Count; i++)
        {
            if (!document.TryGetProperty(expected.Columns[i], out var value) || value.ValueKind == JsonValueKind.Null)
            {
                chunk[i].SetNull(chunk.Size);
            }
            else
            {
                var isText = value.ValueKind == JsonValueKind.String && expected.Types[i].Alias != "JSON";
                chunk[i].SetString(chunk.Size, isText ? value.GetString()! : value.GetRawText());
            }
        }

        chunk.Size++;
    }

    private string Value(int column)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"c{column}");
        var type = expected.Types[column];
        return type.TypeId == DuckDbTypeId.Blob
            ? $"from_base64({text})"
            : type.Alias == "JSON"
            ? $"{text}::JSON"
            : $"TRY_CAST({text} AS {type})";
    }

    /// <summary>Values as the sink keeps them. In JSON the literal null is no value.</summary>
    private string Normalized()
    {
        var replaced = expected.Columns.Select((column, i) =>
        {
            var quoted = SqlName.Quote(column);
            var kept = Kept(quoted, expected.Types[i]);
            var value = expected.Types[i].Alias == "JSON" ? $"nullif({kept}::VARCHAR, 'null')::JSON" : kept;
            return (Value: value, Quoted: quoted);
        });
        return string.Join(", ", replaced.Where(r => r.Value != r.Quoted).Select(r => $"{r.Value} AS {r.Quoted}"));
    }

    private string Kept(string column, LogicalType type) =>
        traits.KeepsMilliseconds && type.TypeId is (DuckDbTypeId.Timestamp or DuckDbTypeId.TimestampTz)
            ? $"date_trunc('millisecond', {column})"
            : column;

    private static string Same(IEnumerable<string> columns) =>
        string.Join(" AND ", columns.Select(column => $"w.{SqlName.Quote(column)} IS NOT DISTINCT FROM a.{SqlName.Quote(column)}"));

    private void Create(string table, string select) => expected.Connection.Execute($"CREATE OR REPLACE TEMP TABLE {table} AS {select}");

    private long Number(string sql) => expected.Number(sql);
}
