using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using MongoDB.Bson;
using Tidemill.Connectors.Cells;
using Tidemill.Core.Batches;
using Tidemill.Core.Configuration;
using Tidemill.Core.Documents;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;
using Tidemill.Core.Streams;
using Tidemill.Core.Warehouses;

namespace Tidemill.Connectors.Documents;

/// <summary>
/// Rows as documents of a collection. Where the store has transactions, documents and checkpoint are one: exactly once.
/// Elsewhere documents with deterministic ids are written first, then the checkpoint: what a crash leaves between the two is
/// written again alike.
/// </summary>
public sealed class CollectionSink : IDocumentSink, IRowRefusals
{
    private const int PageDocuments = 1000;

    /// <summary>Deeper than any document.</summary>
    private const int MaxDepth = 200;

    private readonly IDocumentStore _store;
    private readonly StreamDefinition _stream;
    private readonly CollectionSinkDefinition _definition;
    private readonly CheckpointOwner _owner;
    private readonly DocumentBatch _documents = new();
    private readonly RefusedContents _refused = new();
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
            throw TidemillException.Configuration(errors);

        _rows = new RowDocuments(schema, CollectionSinkColumns.IdOf(_definition, schema), CollectionSinkColumns.PositionOf(schema));
        return Task.CompletedTask;
    }

    public Task<IReadOnlyDictionary<TopicPartition, LogOffset>> ReadPositionsAsync(
        IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken) =>
        _store.ReadPositionsAsync(_owner, cancellationToken);

    /// <summary>Extended JSON's types are kept as what they name; all else is told apart by its own text.</summary>
    public string KeptJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        if (!json.Contains("\"$", StringComparison.Ordinal))
            return json;

        try
        {
            return ExtendedJson.Text(ExtendedJson.ParseValue(Encoding.UTF8.GetBytes(json)), JsonTypes.Plain);
        }
        catch (FormatException)
        {
            // Its row became a dead letter.
            return json;
        }
    }

    public async IAsyncEnumerable<JsonElement> ReadDocumentsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var query = new DocumentQuery(_definition.Collection, PageDocuments);
        while (await _store.FindAsync(query, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var document in page)
                yield return WithPosition(document);

            query = query with { From = page[^1]["_id"] };
        }
    }

    public async Task<long> WriteAsync(SinkBatch batch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var rows = batch.Rows ?? throw new TidemillException(
            ErrorCode.ConfigurationInvalid,
            $"{_stream.File}: a stream that deduplicates writes to a table only; a collection does so by its ids.");
        if (Encode(rows) is { Count: > 0 } unfit)
            throw Rejected(unfit.Count, rows, unfit[0]);

        var result = await _store.CommitAsync(
            new DocumentCommit(_owner, _definition.Collection, _documents) { Ranges = batch.Ranges, Order = _definition.Order },
            cancellationToken);
        foreach (var refused in result.Refused)
            _refused.Add(_documents[refused.Index], refused.Reason);

        if (result.Refused.Count > 0)
            throw Rejected(result.Refused.Count, rows, result.Refused[0].Reason);

        _refused.Clear();
        return result.Changed;
    }

    public string? Refused(Batch rows)
    {
        if (Encode(rows) is [var unfit, ..])
            return unfit;

        for (var i = 0; i < _documents.Count && _refused.Count > 0; i++)
        {
            if (_refused.Reason(_documents[i]) is { } reason)
                return $"The document is refused: {reason}.";
        }

        return null;
    }

    public async Task MovePositionsAsync(IReadOnlyList<OffsetRange> moves, CancellationToken cancellationToken)
    {
        using var nothing = new DocumentBatch();
        await _store.CommitAsync(new DocumentCommit(_owner, _definition.Collection, nothing) { Ranges = moves }, cancellationToken);
    }

    /// <summary>The document as JSON, with the columns that its <c>_id</c> was made of where those are topic, partition and
    /// offset.</summary>
    private JsonElement WithPosition(RawBsonDocument document)
    {
        var json = ExtendedJson.Write(document, JsonTypes.Plain);
        var element = Parse(json);
        if (_definition.Id.Count > 0 || element.GetProperty("_id") is not { ValueKind: JsonValueKind.String } id
            || id.GetString()!.Split('-') is not { Length: >= 3 } parts
            || !long.TryParse(parts[^1], out var offset)
            || !int.TryParse(parts[^2], out var partition))
        {
            return element;
        }

        var topic = JsonEncodedText.Encode(string.Join('-', parts[..^2]));
        var (topicName, partitionName, offsetName) =
            (CollectionSinkColumns.Position[0], CollectionSinkColumns.Position[1], CollectionSinkColumns.Position[2]);
        return Parse([.. json[..^1], .. Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $$""","{{topicName}}":"{{topic}}","{{partitionName}}":{{partition}},"{{offsetName}}":{{offset}}}"""))]);
    }

    private static JsonElement Parse(byte[] json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        return JsonElement.ParseValue(ref reader);
    }

    /// <summary>The rows as documents; returns why some are none.</summary>
    private IReadOnlyList<string> Encode(Batch rows)
    {
        _documents.Clear();
        return rows.RowCount == 0 ? [] : (_rows ?? throw new InvalidOperationException("The sink is not open.")).Write(rows, _documents);
    }

    private TidemillException Rejected(int count, Batch rows, string reason) => new(
        ErrorCode.RowRejected,
        $"Collection {_definition.Collection} cannot take {count} of {rows.RowCount} documents; the first reason: {reason.TrimEnd('.')}.");

    public ValueTask DisposeAsync()
    {
        _documents.Dispose();
        return ValueTask.CompletedTask;
    }
}
