using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tidemill.Core.Configuration;
using Tidemill.Core.Documents;
using Tidemill.Core.Documents.Bson;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;
using Tidemill.Core.Streams;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.Documents;

/// <summary>
/// Rows as documents of a collection. Where the store has transactions, documents and checkpoint are one: exactly once.
/// Elsewhere documents with deterministic ids are written first, then the checkpoint: what a crash leaves between the two is
/// written again alike.
/// </summary>
public sealed class CollectionSink : IDocumentSink, IMovablePositions
{
    private const int PageDocuments = 1000;

    private readonly IDocumentStore _store;
    private readonly StreamDefinition _stream;
    private readonly CollectionSinkDefinition _definition;
    private readonly CheckpointOwner _owner;
    private readonly DocumentBatch _documents = new();
    private RowDocuments? _rows;

    /// <param name="project">Part of the checkpoints' key: projects may share a database.</param>
    public CollectionSink(IDocumentStore store, string project, StreamDefinition stream, CollectionSinkDefinition definition)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(definition);
        (_store, _stream, _definition) = (store, stream, definition);
        _owner = new CheckpointOwner($"{project}.{stream.Name}", definition.Name);
    }

    public string Name => _definition.Name;

    public Task OpenAsync(Schema schema, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(schema);
        if (CollectionSinkColumns.Errors(_stream, _definition, schema).ToList() is { Count: > 0 } errors)
        {
            throw TidemillException.Configuration(errors);
        }

        _rows = new RowDocuments(_definition, schema);
        return Task.CompletedTask;
    }

    public Task<IReadOnlyDictionary<TopicPartition, LogOffset>> ReadPositionsAsync(CancellationToken cancellationToken) =>
        _store.ReadPositionsAsync(_owner, cancellationToken);

    public string Target => $"collection {_definition.Collection}";

    public IReadOnlyList<string> Key => _definition.Id;

    public string? Version => null;

    public string? Delete => null;

    public IReadOnlyList<string> KeyOf(IReadOnlyList<string> columns) =>
        Key.Count > 0 ? Key : columns.Contains("_id", StringComparer.OrdinalIgnoreCase) ? ["_id"] : CollectionSinkColumns.Position;

    // BSON's dates have milliseconds. Numbers inside JSON may be spelt another way after they were BSON.
    public string? Kept(string column, LogicalType type)
    {
        ArgumentNullException.ThrowIfNull(type);
        return type.TypeId is DuckDbTypeId.Timestamp or DuckDbTypeId.TimestampTz
            ? $"date_trunc('millisecond', {column})"
            : type.Alias == "JSON" ? null : column;
    }

    public async IAsyncEnumerable<JsonElement> ReadDocumentsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var query = new DocumentQuery(_definition.Collection, PageDocuments);
        while (await _store.FindAsync(query, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var document in page)
            {
                yield return WithPosition(document);
            }

            query = query with { From = BsonValue.Of(page[^1], "_id"u8) };
        }
    }

    public async Task<long> WriteAsync(SinkBatch batch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var rows = batch.Rows ?? throw new TidemillException(
            ErrorCode.ConfigurationInvalid, $"{_stream.File}: a stream that deduplicates writes to a table only; a collection does so by its ids.");
        _documents.Clear();
        if (rows.RowCount > 0)
        {
            (_rows ?? throw new InvalidOperationException("The sink is not open.")).Write(rows, _documents);
        }

        return await _store.CommitAsync(
            new DocumentCommit(_owner, _definition.Collection, _documents) { Ranges = batch.Ranges, Order = _definition.Order }, cancellationToken);
    }

    /// <summary>Documents replace those of the same id.</summary>
    public bool MayRepeat => true;

    public async Task MovePositionsAsync(IReadOnlyList<OffsetRange> moves, CancellationToken cancellationToken)
    {
        using var nothing = new DocumentBatch();
        await _store.CommitAsync(new DocumentCommit(_owner, _definition.Collection, nothing) { Ranges = moves }, cancellationToken);
    }

    /// <summary>The document as JSON, with the columns that its <c>_id</c> was made of where those are topic, partition and offset.</summary>
    private JsonElement WithPosition(byte[] document)
    {
        var json = JsonNode.Parse(ExtendedJson.Write(document, JsonTypes.Plain))!.AsObject();
        if (_definition.Id.Count == 0 && json["_id"] is JsonValue id && id.TryGetValue<string>(out var text)
            && text.Split('-') is { Length: >= 3 } parts && long.TryParse(parts[^1], out var offset) && int.TryParse(parts[^2], out var partition))
        {
            json[CollectionSinkColumns.Position[0]] = string.Join('-', parts[..^2]);
            json[CollectionSinkColumns.Position[1]] = partition;
            json[CollectionSinkColumns.Position[2]] = offset;
        }

        return JsonSerializer.SerializeToElement(json);
    }

    public ValueTask DisposeAsync()
    {
        _documents.Dispose();
        return ValueTask.CompletedTask;
    }
}
