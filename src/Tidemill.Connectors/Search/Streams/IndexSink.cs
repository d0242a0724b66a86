using System.Text.Json;
using Tidemill.Connectors.Cells;
using Tidemill.Core.Batches;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;
using Tidemill.Core.Search;
using Tidemill.Core.Streams;
using Tidemill.Core.Warehouses;

namespace Tidemill.Connectors.Search.Streams;

/// <summary>
/// Rows as documents of a search index, effectively once: documents with deterministic ids first, then the position, kept
/// in the store and moved only from where it is expected. What a crash leaves between the two is written again alike.
/// </summary>
/// <remarks>
/// A failed write may have written some of the documents. A writer that was overtaken finds that out when it moves the
/// position, after its documents: with a version column they leave newer ones alone, without one they may replace them
/// until those records are read again.
/// </remarks>
public sealed class IndexSink : IDocumentSink, IRowRefusals
{
    private readonly ISearchStore _store;
    private readonly StreamDefinition _stream;
    private readonly IndexSinkDefinition _definition;
    private readonly Action<string> _note;
    private readonly CheckpointOwner _owner;
    private readonly HashSet<string> _ensured = [];
    private readonly RefusedContents _refused = new();
    private DocumentEncoder? _encoder;
    private IndexSettings? _settings;
    private Progress? _progress;

    /// <param name="project">Part of the checkpoints' key: projects may share a server.</param>
    /// <param name="note">Takes what the store cannot do and may leave, one sentence each.</param>
    public IndexSink(ISearchStore store, string project, StreamDefinition stream, IndexSinkDefinition definition, Action<string> note)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(definition);
        (_store, _stream, _definition, _note) = (store, stream, definition, note);
        _owner = new CheckpointOwner($"{project}.{stream.Name}", definition.Name);
    }

    public string Name => _definition.Name;

    public async Task OpenAsync(Schema schema, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(schema);
        if (IndexSinkColumns.Errors(_stream, _definition, schema).ToList() is { Count: > 0 } errors)
            throw TidemillException.Configuration(errors);

        _settings = Settings(schema);
        foreach (var note in await _store.PrepareAsync(_definition.Date?.Pattern ?? _definition.Index, _settings, cancellationToken))
            _note(note);

        if (_definition.Date is null)
        {
            await _store.EnsureIndexAsync(_definition.Index, _settings, cancellationToken);
            _ensured.Add(_definition.Index);
        }

        _encoder?.Dispose();
        _encoder = new DocumentEncoder(_definition, schema, _store.Prefix);
    }

    public Task<IReadOnlyDictionary<TopicPartition, LogOffset>> ReadPositionsAsync(
        IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken) =>
        _store.ReadCheckpointsAsync(_owner, partitions, cancellationToken);

    public IAsyncEnumerable<JsonElement> ReadDocumentsAsync(CancellationToken cancellationToken) =>
        _store.ScanAsync(_definition.Date?.Pattern ?? _definition.Index, cancellationToken).Select(hit => hit.Source);

    public async Task<long> WriteAsync(SinkBatch batch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var rows = batch.Rows ?? throw new TidemillException(
            ErrorCode.ConfigurationInvalid,
            $"{_stream.File}: a stream that deduplicates cannot write to an index, which has no transactions.");
        await _store.RequireCheckpointsAsync(_owner, batch.Ranges, cancellationToken);
        var changed = rows.RowCount == 0 ? 0 : await WriteDocumentsAsync(rows, cancellationToken);
        await _store.AdvanceCheckpointsAsync(_owner, batch.Ranges, cancellationToken);
        _refused.Clear();
        _progress = null;
        return changed;
    }

    public string? Refused(Batch rows)
    {
        var encoder = _encoder!;
        encoder.Start(rows);
        while (encoder.Encode(_store.BulkBytes) is { } made)
        {
            if (made.Refused.Count > 0)
                return made.Refused[0];

            for (var i = 0; i < made.Body.Starts.Count; i++)
            {
                if (_refused.Reason(made.Body.Operation(i).Span) is { } reason)
                    return reason;
            }
        }

        return null;
    }

    /// <summary>The store moves partition after partition: one that another writer moved meanwhile leaves those before it moved.</summary>
    public Task MovePositionsAsync(IReadOnlyList<OffsetRange> moves, CancellationToken cancellationToken) =>
        _store.AdvanceCheckpointsAsync(_owner, moves, cancellationToken);

    public ValueTask DisposeAsync()
    {
        _encoder?.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Sends the rows body by body. Tried again with the same rows, it goes on where it stood.</summary>
    private async Task<long> WriteDocumentsAsync(Batch rows, CancellationToken cancellationToken)
    {
        var progress = _progress = ReferenceEquals(_progress?.Rows, rows) ? _progress : new Progress(rows);
        var encoder = _encoder ?? throw new InvalidOperationException("The sink is not open.");
        await ForgetDeletedAsync(cancellationToken);
        encoder.Start(rows);
        for (var body = 0; encoder.Encode(_store.BulkBytes) is { } made; body++)
        {
            if (body < progress.Bodies)
                continue;

            await SendAsync(made, progress, cancellationToken);
            progress.Bodies++;
        }

        return progress.Refused == 0 ? progress.Changed : throw new TidemillException(
            ErrorCode.RowRejected, $"Index {_definition.Index} refused {progress.Refused} of {rows.RowCount} documents; the first "
                + $"reason: {progress.FirstReason}.");
    }

    private async Task SendAsync(EncodedRows made, Progress progress, CancellationToken cancellationToken)
    {
        IReadOnlyCollection<string> indexes = _definition.Date is null ? [_definition.Index] : made.Indexes;
        foreach (var index in indexes.Where(index => !_ensured.Contains(index)))
        {
            await _store.EnsureIndexAsync(index, _settings!, cancellationToken);
            _ensured.Add(index);
        }

        var answer = made.Body.Starts.Count == 0 ? new BulkAnswer(0, []) : await BulkAsync(made.Body, cancellationToken);
        progress.Changed += answer.Changed;
        foreach (var refused in answer.Refused)
            _refused.Add(made.Body.Operation(refused.Operation).Span, refused.Reason);

        progress.Refused += answer.Refused.Count + made.Refused.Count;
        progress.FirstReason ??= (answer.Refused is [var first, ..] ? first.Reason : made.Refused is [var own, ..] ? own : null);
    }

    /// <summary>
    /// A server makes an index that was deleted under the stream again by itself, and guesses its mapping: so what is gone
    /// is noticed before each batch, and made by its settings.
    /// </summary>
    private async Task ForgetDeletedAsync(CancellationToken cancellationToken)
    {
        if (_ensured.Count > 0 && !await _store.ExistAsync(_ensured, cancellationToken))
            _ensured.Clear();
    }

    private async Task<BulkAnswer> BulkAsync(BulkBody body, CancellationToken cancellationToken)
    {
        try
        {
            return await _store.BulkAsync(_definition.Date is null ? _definition.Index : null, body, cancellationToken);
        }
        catch (TidemillException error) when (error.Code == ErrorCode.NotFound)
        {
            throw new TidemillException(ErrorCode.Unavailable, $"{error.Message} It is made again.", error);
        }
    }

    private IndexSettings Settings(Schema schema) => new(new IndexMapping(
        schema.Fields.Select(f => (f.Name, Type: _definition.Mapping.GetValueOrDefault(f.Name) ?? IndexTypes.Of(f.Type)))
            .Where(f => f.Type is not null).ToDictionary(f => f.Name, f => f.Type!)))
    {
        Aliases = _definition.Aliases,
        Template = _definition.Template ?? (_definition.Date is null ? null : _definition.Name),
        Shards = _definition.Shards,
        Replicas = _definition.Replicas,
        Lifecycle = _definition.Lifecycle,
    };

    /// <summary>How far the writing of a batch has come; bodies are the same on every attempt.</summary>
    private sealed class Progress(Batch rows)
    {
        public Batch Rows => rows;

        public int Bodies { get; set; }

        public long Changed { get; set; }

        public long Refused { get; set; }

        public string? FirstReason { get; set; }
    }
}
