using System.Text;
using System.Text.Json;
using Tidemill.Core.Errors;
using Tidemill.Core.Search;

namespace Tidemill.Connectors.Search.Elasticsearch;

/// <summary>Documents read and written by id for tasks, which want to know what changed: what is there is read first.</summary>
internal sealed class DocumentRequests(ElasticsearchClient client, ElasticsearchBulk bulk)
{
    private const int ReadAtOnce = 500;
    private const int MaxIdBytes = 512;

    public async Task<JsonElement?> GetAsync(string index, string id, CancellationToken cancellationToken)
    {
        var found = await ReadAsync(index, [id], cancellationToken);
        return found.TryGetValue(id, out var there) ? JsonElement.Parse(there.Source) : null;
    }

    public async Task<IReadOnlyList<IndexedDocument>> WriteAsync(
        string index, IReadOnlyList<SearchDocument> documents, CancellationToken cancellationToken)
    {
        var ids = documents.Select(d => d.Id).Where(IsId).Distinct().ToList();
        var present = await ReadAsync(index, ids.Count > 0 ? ids : ["none"], cancellationToken);
        var results = new IndexedDocument[documents.Count];
        var pending = new List<int>();
        var pendingIds = new HashSet<string>();
        var bytes = 0;
        for (var i = 0; i < documents.Count; i++)
        {
            var document = documents[i];
            if (pendingIds.Contains(document.Id) || bytes >= client.Connection.BulkBytes)
                await FlushAsync();

            if (Known(document, present) is { } known)
            {
                results[i] = known;
                continue;
            }

            pending.Add(i);
            pendingIds.Add(document.Id);
            bytes += document.Source.Length;
        }

        await FlushAsync();
        return results;

        async Task FlushAsync()
        {
            await SendAsync(index, documents, pending, present, results, cancellationToken);
            pending.Clear();
            pendingIds.Clear();
            bytes = 0;
        }
    }

    /// <summary>The result of a document that need not be sent: it is there already, or cannot be sent.</summary>
    private static IndexedDocument? Known(SearchDocument document, Dictionary<string, Present> present)
    {
        var there = present.GetValueOrDefault(document.Id);
        if (there is not null && there.Source.AsSpan().SequenceEqual(document.Source.Span))
            return new IndexedDocument(document.Id, IndexOutcome.Unchanged, there.Version, null);

        var problem = !IsId(document.Id) ? $"an id has 1 to {MaxIdBytes} bytes"
            : IsObject(document.Source.Span) ? null : "the source is no JSON object";
        return problem is null ? null : new IndexedDocument(document.Id, IndexOutcome.Rejected, there?.Version ?? 0, problem);
    }

    private async Task SendAsync(
        string index, IReadOnlyList<SearchDocument> documents, List<int> pending, Dictionary<string, Present> present,
        IndexedDocument[] results, CancellationToken cancellationToken)
    {
        if (pending.Count == 0)
            return;

        using var text = new MemoryStream();
        var starts = new List<int>();
        foreach (var i in pending)
        {
            starts.Add((int)text.Length);
            text.Write(Encoding.UTF8.GetBytes($$$"""{"index":{"_id":{{{JsonSerializer.Serialize(documents[i].Id)}}}}}"""));
            text.WriteByte((byte)'\n');
            WriteLine(text, documents[i].Source.Span);
        }

        var items = await bulk.SendAsync(
            index, new BulkBody(text.ToArray(), starts),
            "refresh=true&filter_path=items.*.status,items.*.error,items.*._version", cancellationToken);
        for (var n = 0; n < pending.Count; n++)
        {
            var document = documents[pending[n]];
            var before = present.GetValueOrDefault(document.Id);
            results[pending[n]] = Result(document.Id, items[n], before);
            if (items[n].IsSuccess)
                present[document.Id] = new Present(items[n].Version, document.Source.ToArray());
        }
    }

    private IndexedDocument Result(string id, BulkItem item, Present? before)
    {
        if (item.IsBusy || item.ErrorType is "cluster_block_exception" or "index_closed_exception")
        {
            throw new TidemillException(
                ErrorCode.Unavailable, $"{client.Description} turned documents away ({item.Status}, {item.ErrorType}).");
        }

        return item.IsSuccess
            ? new IndexedDocument(id, before is null ? IndexOutcome.Created : IndexOutcome.Updated, item.Version, null)
            : new IndexedDocument(id, IndexOutcome.Rejected, before?.Version ?? 0, item.Reason);
    }

    /// <summary>Past any search delay. NotFound: there is no such index.</summary>
    private async Task<Dictionary<string, Present>> ReadAsync(string index, List<string> ids, CancellationToken cancellationToken)
    {
        var present = new Dictionary<string, Present>(StringComparer.Ordinal);
        foreach (var some in ids.Chunk(ReadAtOnce))
        {
            var answer = await client.SendAsync(
                HttpMethod.Post, $"{Uri.EscapeDataString(index)}/_mget", JsonSerializer.Serialize(new { ids = some }), cancellationToken);
            if (!answer.IsSuccess)
            {
                throw answer.Status == 404
                    ? ElasticsearchErrors.NoIndex(client.Description, index)
                    : ElasticsearchErrors.Of(client.Description, $"read from index {index}", answer);
            }

            foreach (var document in answer.Root.GetProperty("docs").EnumerateArray())
            {
                if (document.TryGetProperty("error", out var error))
                {
                    throw error.GetProperty("type").GetString() == "index_not_found_exception"
                        ? ElasticsearchErrors.NoIndex(client.Description, index)
                        : new TidemillException(
                            ErrorCode.Unavailable,
                            $"{client.Description} could not read from index {index}: {ElasticsearchErrors.SafeReason(error)}.");
                }

                if (document.GetProperty("found").GetBoolean())
                {
                    present[document.GetProperty("_id").GetString()!] = new Present(
                        document.GetProperty("_version").GetInt64(), Encoding.UTF8.GetBytes(document.GetProperty("_source").GetRawText()));
                }
            }
        }

        return present;
    }

    private static bool IsId(string id) => Encoding.UTF8.GetByteCount(id) is > 0 and <= MaxIdBytes;

    private static bool IsObject(ReadOnlySpan<byte> source)
    {
        try
        {
            var reader = new Utf8JsonReader(source);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return false;

            reader.Skip();
            return !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>The bulk API wants one line; line ends in JSON stand between tokens only.</summary>
    private static void WriteLine(MemoryStream text, ReadOnlySpan<byte> source)
    {
        var start = (int)text.Length;
        text.Write(source);
        var line = text.GetBuffer().AsSpan(start, source.Length);
        line.Replace((byte)'\n', (byte)' ');
        line.Replace((byte)'\r', (byte)' ');
        text.WriteByte((byte)'\n');
    }

    private sealed record Present(long Version, byte[] Source);
}
