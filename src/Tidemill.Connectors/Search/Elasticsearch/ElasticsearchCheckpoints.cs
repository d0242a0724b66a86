using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Search;
using Tidemill.Core.Warehouses;

namespace Tidemill.Connectors.Search.Elasticsearch;

/// <summary>
/// Sinks' positions in the hidden index <c>tidemill_checkpoints</c>: one document a stream, sink, topic and partition, whose
/// id is the SHA-256 of the four. It is changed only if its sequence number is still the one read, so of two writers one is
/// fenced off.
/// </summary>
internal sealed class ElasticsearchCheckpoints(ElasticsearchClient client, ElasticsearchBulk bulk, TimeProvider time)
{
    private const string Settings =
        """
        {"settings":{"index.hidden":true,"index.number_of_shards":1,"index.auto_expand_replicas":"0-1"},
         "mappings":{"dynamic":false,"properties":{"stream":{"type":"keyword"},"sink":{"type":"keyword"},"topic":{"type":"keyword"},
          "partition":{"type":"integer"},"next_offset":{"type":"long"},"updated_at":{"type":"date"}}}}
        """;

    private readonly string _index = $"{client.Connection.Prefix}tidemill_checkpoints";

    public async Task<IReadOnlyDictionary<TopicPartition, LogOffset>> ReadAsync(
        CheckpointOwner owner, IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        var positions = new Dictionary<TopicPartition, LogOffset>();
        if (partitions.Count == 0)
            return positions;

        var stored = await FindAsync(owner, partitions, cancellationToken);
        foreach (var (partition, found) in partitions.Zip(stored ?? []))
        {
            if (found is not null)
                positions[partition] = found.Position;
        }

        return positions;
    }

    public async Task RequireAsync(CheckpointOwner owner, IReadOnlyList<OffsetRange> ranges, CancellationToken cancellationToken)
    {
        if (ranges.Count == 0)
            return;

        var stored = await LoadAsync(owner, ranges, cancellationToken);
        for (var i = 0; i < ranges.Count; i++)
            CheckpointPositions.Require(owner, ranges[i], stored[i]?.Position);
    }

    public async Task AdvanceAsync(CheckpointOwner owner, IReadOnlyList<OffsetRange> ranges, CancellationToken cancellationToken)
    {
        if (ranges.Count == 0)
            return;

        var stored = await LoadAsync(owner, ranges, cancellationToken);
        var text = new StringBuilder();
        var starts = new List<int>();
        for (var i = 0; i < ranges.Count; i++)
        {
            CheckpointPositions.Require(owner, ranges[i], stored[i]?.Position);
            starts.Add(Encoding.UTF8.GetByteCount(text.ToString()));
            Append(text, owner, ranges[i], stored[i]);
        }

        var items = await bulk.SendAsync(
            _index,
            new BulkBody(Encoding.UTF8.GetBytes(text.ToString()), starts), "filter_path=items.*.status,items.*.error", cancellationToken);
        for (var i = 0; i < items.Count; i++)
        {
            if (items[i].Status == 409)
                throw CheckpointPositions.Fenced(owner, ranges[i].Partition, ranges[i].Start);

            if (!items[i].IsSuccess)
            {
                throw new TidemillException(
                    ErrorCode.Unavailable, $"{client.Description} could not move a checkpoint ({items[i].Status}, {items[i].ErrorType}).");
            }
        }
    }

    private void Append(StringBuilder text, CheckpointOwner owner, OffsetRange range, Stored? stored)
    {
        var id = Id(owner, range.Partition);
        text.Append(stored is null
            ? $$$"""{"create":{"_id":"{{{id}}}"}}"""
            : string.Create(
                CultureInfo.InvariantCulture,
                $$$"""{"index":{"_id":"{{{id}}}","if_seq_no":{{{stored.SequenceNumber}}},"if_primary_term":{{{stored.PrimaryTerm}}}}}"""));
        text.Append('\n').Append(JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["stream"] = owner.Stream,
            ["sink"] = owner.Sink,
            ["topic"] = range.Partition.Topic,
            ["partition"] = range.Partition.Partition,
            ["next_offset"] = range.End.Value,
            ["updated_at"] = time.GetUtcNow().UtcDateTime,
        })).Append('\n');
    }

    /// <summary>What is stored of each range's partition; makes the index when there is none.</summary>
    private async Task<Stored?[]> LoadAsync(CheckpointOwner owner, IReadOnlyList<OffsetRange> ranges, CancellationToken cancellationToken)
    {
        if (await FindAsync(owner, [.. ranges.Select(range => range.Partition)], cancellationToken) is { } stored)
            return stored;

        await CreateAsync(cancellationToken);
        return new Stored?[ranges.Count];
    }

    /// <summary>
    /// What is stored of each partition, in order; null when there is no index. Reads by id, which sees every write
    /// answered before: nothing waits for a refresh or causes one.
    /// </summary>
    private async Task<Stored?[]?> FindAsync(
        CheckpointOwner owner, IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        var ids = string.Join(",", partitions.Select(partition => $"\"{Id(owner, partition)}\""));
        var answer = await client.SendAsync(HttpMethod.Post, $"{_index}/_mget", $$"""{"ids":[{{ids}}]}""", cancellationToken);
        if (!answer.IsSuccess && answer.Status != 404)
            throw ElasticsearchErrors.Of(client.Description, "read checkpoints", answer);

        var documents = answer.Root.TryGetProperty("docs", out var docs) ? docs.EnumerateArray().ToList() : [];
        var failed = documents.Find(d => d.TryGetProperty("error", out _));
        if (failed.ValueKind == JsonValueKind.Object
            && failed.GetProperty("error").GetProperty("type").GetString() is { } type
            and not "index_not_found_exception")
        {
            throw new TidemillException(ErrorCode.Unavailable, $"{client.Description} could not read a checkpoint ({type}).");
        }

        if (documents.Count != partitions.Count || failed.ValueKind == JsonValueKind.Object)
            return null;

        return [.. documents.Select(d => !d.GetProperty("found").GetBoolean() ? null : new Stored(
            Position(d.GetProperty("_source")), d.GetProperty("_seq_no").GetInt64(), d.GetProperty("_primary_term").GetInt64()))];
    }

    private async Task CreateAsync(CancellationToken cancellationToken)
    {
        var answer = await client.SendAsync(HttpMethod.Put, _index, Settings, cancellationToken);
        if (!answer.IsSuccess && answer.ErrorType != "resource_already_exists_exception")
            throw ElasticsearchErrors.Of(client.Description, $"create index {_index}, which holds the streams' positions", answer);
    }

    private static LogOffset Position(JsonElement source) => new(source.GetProperty("next_offset").GetInt64());

    private static string Id(CheckpointOwner owner, TopicPartition partition) => Convert.ToHexStringLower(SHA256.HashData(
        Encoding.UTF8.GetBytes(
            string.Create(CultureInfo.InvariantCulture, $"{owner.Stream}\n{owner.Sink}\n{partition.Topic}\n{partition.Partition}"))));

    private sealed record Stored(LogOffset Position, long SequenceNumber, long PrimaryTerm);
}
