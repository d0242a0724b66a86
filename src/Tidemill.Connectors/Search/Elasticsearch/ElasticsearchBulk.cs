using System.Globalization;
using System.Text.Json;
using Tidemill.Core.Errors;
using Tidemill.Core.Search;

namespace Tidemill.Connectors.Search.Elasticsearch;

/// <summary>One operation's outcome: HTTP status, the document's version when asked for, and for errors type and safe reason.</summary>
internal readonly record struct BulkItem(int Status, long Version, string ErrorType, string Reason)
{
    public bool IsSuccess => Status is >= 200 and < 300;

    /// <summary>The server was too busy for this operation; it may be sent again.</summary>
    public bool IsBusy => Status == 429 || Status >= 500;
}

/// <summary>Sends bulk bodies, cut to what the server takes, and reads what became of each operation.</summary>
internal sealed class ElasticsearchBulk(ElasticsearchClient client)
{
    /// <summary>http.max_content_length where the server does not tell, its default.</summary>
    private const long DefaultMaxBytes = 100L << 20;

    private long _maxBytes;

    /// <summary>One item an operation, in order. Unavailable when the whole request was turned away.</summary>
    public async Task<IReadOnlyList<BulkItem>> SendAsync(string? index, BulkBody body, string query, CancellationToken cancellationToken)
    {
        var items = new List<BulkItem>(body.Starts.Count);
        await SendAsync(index, body, query, items, cancellationToken);
        return items;
    }

    /// <summary>
    /// Carries a body out for a stream. Unavailable when an operation met a busy server or a closed index, NotFound when an
    /// index is gone; the body can then be sent again as it is.
    /// </summary>
    public async Task<BulkAnswer> WriteAsync(string? index, BulkBody body, CancellationToken cancellationToken)
    {
        var items = await SendAsync(index, body, "filter_path=items.*.status,items.*.error", cancellationToken);
        long changed = 0;
        var refused = new List<RefusedOperation>();
        for (var i = 0; i < items.Count; i++)
        {
            var item = items[i];
            if (item.IsSuccess)
            {
                changed++;
            }
            else if (item.IsBusy || item.ErrorType is "index_closed_exception" or "cluster_block_exception")
            {
                throw new TidemillException(
                    ErrorCode.Unavailable, $"{client.Description}: {items.Count(it => !it.IsSuccess)} of {items.Count} operations were "
                        + $"turned away ({item.Status}, {item.ErrorType}).");
            }
            else if (item.ErrorType == "index_not_found_exception")
            {
                throw ElasticsearchErrors.NoIndex(client.Description, index ?? "of the operations");
            }
            else if (item.ErrorType == "security_exception")
            {
                throw new TidemillException(
                    ErrorCode.AccessDenied,
                    $"{client.Description} refused to write to index {index} (403): the user or API key lacks a right.");
            }
            else if (item.Status is not (404 or 409))
            {
                // 404: nothing to delete. 409: a newer version is there, or for create any.
                refused.Add(new RefusedOperation(i, item.Reason));
            }
        }

        return new BulkAnswer(changed, refused);
    }

    private async Task SendAsync(string? index, BulkBody body, string query, List<BulkItem> items, CancellationToken cancellationToken)
    {
        var max = await MaxBytesAsync(cancellationToken);
        if (body.Starts.Count == 1 && body.Text.Length > max)
        {
            items.Add(TooLarge(body, max));
            return;
        }

        if (body.Text.Length > max)
        {
            await SendHalvesAsync(index, body, query, items, cancellationToken);
            return;
        }

        var path = $"{(index is null ? "" : Uri.EscapeDataString(index) + "/")}_bulk?{query}";
        var answer = await client.SendAsync(HttpMethod.Post, path, body.Text, ElasticsearchClient.BulkJson, cancellationToken);
        if (answer.Status == 413)
        {
            // A proxy in front may take less than the server does.
            if (body.Starts.Count == 1)
            {
                items.Add(TooLarge(body, null));
                return;
            }

            await SendHalvesAsync(index, body, query, items, cancellationToken);
            return;
        }

        if (!answer.IsSuccess)
            throw ElasticsearchErrors.Of(client.Description, "write documents", answer);

        var before = items.Count;
        Read(answer.Body, items);
        if (items.Count - before != body.Starts.Count)
        {
            throw new TidemillException(
                ErrorCode.Unavailable,
                $"{client.Description}: {body.Starts.Count} operations were sent and {items.Count - before} answered.");
        }
    }

    private async Task SendHalvesAsync(
        string? index, BulkBody body, string query, List<BulkItem> items, CancellationToken cancellationToken)
    {
        var half = body.Starts.Count / 2;
        await SendAsync(index, body.Slice(0, half), query, items, cancellationToken);
        await SendAsync(index, body.Slice(half, body.Starts.Count - half), query, items, cancellationToken);
    }

    private static BulkItem TooLarge(BulkBody body, long? max) => new(
        413, 0, "document_too_large", string.Create(
            CultureInfo.InvariantCulture,
            $"the document has {body.Text.Length} bytes, more than the server takes in a "
                + $"request{(max is null ? "" : $" (http.max_content_length is {max} bytes)")}"));

    private async ValueTask<long> MaxBytesAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Read(ref _maxBytes) is > 0 and var known)
            return known;

        var max = DefaultMaxBytes;
        try
        {
            var answer = await client.GetAsync("_nodes/http?filter_path=nodes.*.http.max_content_length_in_bytes", cancellationToken);
            if (answer.IsSuccess && answer.Root.TryGetProperty("nodes", out var nodes))
            {
                max = nodes.EnumerateObject()
                    .Select(node => node.Value.GetProperty("http").GetProperty("max_content_length_in_bytes").GetInt64()).Min();
            }
        }
        catch (TidemillException error) when (error.Code == ErrorCode.AccessDenied)
        {
            // Writing needs no right to look at nodes: the default holds until the server says otherwise.
        }

        Interlocked.Exchange(ref _maxBytes, max);
        return max;
    }

    /// <summary>Reads <c>{"items":[{"index":{"status":..,"_version":..,"error":{..}}}, ..]}</c>, whatever else stands there.</summary>
    private static void Read(ReadOnlySpan<byte> json, List<BulkItem> items)
    {
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 1 || !reader.ValueTextEquals("items"u8))
                continue;

            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
            {
                reader.Read();
                reader.Read();
                items.Add(ReadItem(ref reader));
                reader.Read();
            }
        }
    }

    /// <summary>From the item's opening brace to its closing one.</summary>
    private static BulkItem ReadItem(ref Utf8JsonReader reader)
    {
        var (status, version, type, reason) = (0, 0L, "", "");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("status"u8))
            {
                reader.Read();
                status = reader.GetInt32();
            }
            else if (reader.ValueTextEquals("_version"u8))
            {
                reader.Read();
                version = reader.GetInt64();
            }
            else if (reader.ValueTextEquals("error"u8))
            {
                reader.Read();
                var error = JsonElement.ParseValue(ref reader);
                type = error.ValueKind == JsonValueKind.Object && error.TryGetProperty("type", out var t) ? t.GetString() ?? "" : "";
                reason = ElasticsearchErrors.SafeReason(error);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        return new BulkItem(status, version, type, reason);
    }
}
