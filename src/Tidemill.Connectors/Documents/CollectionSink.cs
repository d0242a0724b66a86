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
public sealed class CollectionSink : ISink
{
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

    public ValueTask DisposeAsync()
    {
        _documents.Dispose();
        return ValueTask.CompletedTask;
    }
}
