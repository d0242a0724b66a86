using System.Text;
using System.Text.Json;
using Tidemill.Connectors.DuckDb;
using Tidemill.Core.Search;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.Search.Embedded;

/// <summary>Writes documents within the caller's transaction, in order: of equal ids the last wins.</summary>
internal sealed class BulkWrite(DuckDbConnection connection, string index, FieldMapper mapper)
{
    /// <summary>Elasticsearch's bound for ids.</summary>
    private const int MaxIdBytes = 512;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    public IReadOnlyList<IndexedDocument> Write(IReadOnlyList<IndexOperation> documents)
    {
        var present = Load([.. documents.Select(document => document.Id).Distinct()]);
        var changed = new Dictionary<string, Stored?>();
        var results = documents.Select(document => Take(document, present, changed)).ToList();
        Save([.. changed.Where(c => c.Value is not null).Select(c => KeyValuePair.Create(c.Key, c.Value!))]);
        Delete([.. changed.Where(c => c.Value is null).Select(c => c.Key)]);
        return results;
    }

    private IndexedDocument Take(IndexOperation document, Dictionary<string, Stored> present, Dictionary<string, Stored?> changed)
    {
        var known = present.GetValueOrDefault(document.Id);
        var bytes = document.Source.Span;
        document.IsStale = known is not null && document.Version < known.Version;
        if (document.IsStale || (known is not null && document.CreateOnly))
            return new IndexedDocument(document.Id, IndexOutcome.Unchanged, known!.Version, null);

        if (document.IsDelete)
        {
            present.Remove(document.Id);
            changed[document.Id] = null;
            return new IndexedDocument(
                document.Id, known is null ? IndexOutcome.Unchanged : IndexOutcome.Updated, known?.Version ?? 0, null);
        }

        if (known is not null && known.Source.AsSpan().SequenceEqual(bytes) && (document.Version ?? known.Version) == known.Version)
            return new IndexedDocument(document.Id, IndexOutcome.Unchanged, known.Version, null);

        if (Encoding.UTF8.GetByteCount(document.Id) is 0 or > MaxIdBytes)
            return Reject($"an id has 1 to {MaxIdBytes} bytes");

        try
        {
            using var json = JsonDocument.Parse(document.Source, Strict);
            var problem = json.RootElement.ValueKind == JsonValueKind.Object
                ? mapper.Accept(json.RootElement)
                : "a document is a JSON object";
            if (problem is not null)
                return Reject(problem);

            var stored = new Stored(
                document.Version ?? ((known?.Version ?? 0) + 1), bytes.ToArray(), SearchWords.OfValues(json.RootElement));
            present[document.Id] = changed[document.Id] = stored;
            return new IndexedDocument(document.Id, known is null ? IndexOutcome.Created : IndexOutcome.Updated, stored.Version, null);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a string holds an escape that is no character, such as a lone surrogate.
            return Reject("the source is no valid JSON, or names a property twice");
        }

        IndexedDocument Reject(string reason) => new(document.Id, IndexOutcome.Rejected, known?.Version ?? 0, reason);
    }

    private Dictionary<string, Stored> Load(List<string> ids)
    {
        var found = new Dictionary<string, Stored>();
        StoreRows.Scan(
            connection, ["id"], [LogicalType.Varchar], ids, (chunk, row, id) => chunk[0].SetString(row, id),
            source => found = StoreRows.Read(
                    connection,
                    $"SELECT id, version, source FROM documents WHERE index_name = $1 AND id IN (SELECT id FROM {source})",
                    [index],
                    (chunk, row) =>
                        (Id: chunk[0].GetString(row), Stored: new Stored(chunk[1].Data<long>()[row], chunk[2].GetUtf8(row).ToArray(), "")))
                .ToDictionary(hit => hit.Id, hit => hit.Stored));
        return found;
    }

    /// <summary>One statement: a statement a row would take DuckDB a block of memory each until the commit.</summary>
    private void Save(List<KeyValuePair<string, Stored>> changed) => StoreRows.Scan(
        connection, ["id", "version", "source", "words"],
        [LogicalType.Varchar, LogicalType.BigInt, LogicalType.Varchar, LogicalType.Varchar],
        changed,
        (chunk, row, document) =>
        {
            chunk[0].SetString(row, document.Key);
            chunk[1].Data<long>()[row] = document.Value.Version;
            chunk[2].SetUtf8(row, document.Value.Source);
            chunk[3].SetString(row, document.Value.Words);
        },
        source =>
        {
            using var upsert = connection.Prepare(
                $"""
                INSERT INTO documents SELECT $1, id, version, source, words FROM {source}
                ON CONFLICT (index_name, id) DO UPDATE SET version = excluded.version, source = excluded.source, words = excluded.words
                """);
            upsert.Bind(1, index);
            upsert.Execute();
        });

    private void Delete(List<string> ids) => StoreRows.Scan(
        connection, ["id"], [LogicalType.Varchar], ids, (chunk, row, id) => chunk[0].SetString(row, id),
        source =>
        {
            using var delete = connection.Prepare($"DELETE FROM documents WHERE index_name = $1 AND id IN (SELECT id FROM {source})");
            delete.Bind(1, index);
            delete.Execute();
        });

    private sealed record Stored(long Version, byte[] Source, string Words);
}
