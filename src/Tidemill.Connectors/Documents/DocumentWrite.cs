using Tidemill.Connectors.DuckDb;
using Tidemill.Core.Documents;
using Tidemill.Core.Errors;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.Documents;

/// <summary>Writes documents within the caller's transaction: of equal ids the last wins.</summary>
internal sealed class DocumentWrite(DuckDbConnection connection, string collection)
{
    public BulkResult Write(DocumentBatch documents, BulkOrder order)
    {
        var refused = new List<RefusedDocument>();
        var last = new Dictionary<string, (byte[] Key, int Index)>();
        for (var i = 0; i < documents.Count && (refused.Count == 0 || order == BulkOrder.Unordered); i++)
        {
            if (DocumentCollections.Oversized(documents, i) is { } oversized)
            {
                refused.Add(oversized);
                continue;
            }

            var key = SortKey.Of(documents.Document(i).Field("_id")
                ?? throw new TidemillException(ErrorCode.InvalidRequest, "A document to write has no _id."));
            last[Convert.ToHexString(key)] = (key, i);
        }

        var changed = Changed(documents, last);
        Save(documents, changed);
        return new BulkResult(changed.Count, refused);
    }

    /// <summary>Those that are not there as they are.</summary>
    private List<(byte[] Key, int Index)> Changed(DocumentBatch documents, Dictionary<string, (byte[] Key, int Index)> last)
    {
        var changed = new Dictionary<string, (byte[] Key, int Index)>(last);
        StoreRows.Scan(
            connection, ["key"], [LogicalType.Blob], [.. last.Values], (chunk, row, document) => chunk[0].SetBytes(row, document.Key),
            source =>
            {
                var held = StoreRows.Read(
                    connection,
                    $"SELECT key, document FROM documents WHERE collection = $1 AND key IN (SELECT key FROM {source})",
                    [collection],
                    (chunk, row) => (Key: Convert.ToHexString(chunk[0].GetBytes(row)), Document: chunk[1].GetBytes(row).ToArray()));
                foreach (var (key, document) in held.Where(h => documents[last[h.Key].Index].SequenceEqual(h.Document)))
                    changed.Remove(key);
            });
        return [.. changed.Values];
    }

    private void Save(DocumentBatch documents, List<(byte[] Key, int Index)> changed) => StoreRows.Scan(
        connection, ["key", "document"], [LogicalType.Blob, LogicalType.Blob], changed,
        (chunk, row, document) =>
        {
            chunk[0].SetBytes(row, document.Key);
            chunk[1].SetBytes(row, documents[document.Index]);
        },
        source => StoreRows.Write(
            connection,
            $"INSERT INTO documents SELECT $1, key, document FROM {source} ON CONFLICT (collection, key) DO UPDATE SET document = "
                + $"excluded.document",
            collection));
}
