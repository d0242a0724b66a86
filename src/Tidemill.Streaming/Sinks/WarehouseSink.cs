using Tidemill.Core.Batches;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;
using Tidemill.Core.Streams;
using Tidemill.Core.Warehouses;

namespace Tidemill.Streaming.Sinks;

/// <summary>Rows into a table of the warehouse, with the checkpoint in the same transaction: exactly once.</summary>
internal sealed class WarehouseSink : ITableSink
{
    private readonly IWarehouse _warehouse;
    private readonly StreamDefinition _stream;
    private readonly WarehouseSinkDefinition _definition;
    private readonly TableWrite _write;
    private readonly CheckpointOwner _owner;
    private IWarehouseWriter? _writer;

    public WarehouseSink(IWarehouse warehouse, StreamDefinition stream, WarehouseSinkDefinition definition)
    {
        _warehouse = warehouse;
        _stream = stream;
        _definition = definition;
        _owner = new CheckpointOwner(stream.Name, definition.Name);
        _write = new TableWrite(definition.Table, definition.Rule) { Key = definition.Key, Merge = definition.Merge };
        SeenKeys = SeenKeysOf(stream);
    }

    /// <summary>The table that remembers which events the stream has taken, when it deduplicates.</summary>
    public static TableName SeenKeysOf(StreamDefinition stream) => new($"tidemill_seen_{stream.Name}");

    public string Name => _definition.Name;

    /// <summary><see cref="SeenKeysOf"/> its stream.</summary>
    public TableName SeenKeys { get; }

    public async Task OpenAsync(Schema schema, CancellationToken cancellationToken)
    {
        await EnsureAsync(Table(schema), cancellationToken);
        _writer ??= await _warehouse.OpenWriterAsync(cancellationToken);
    }

    /// <summary>Creates the table of seen keys. SchemaConflict: another project has a stream of that name in this warehouse.</summary>
    public async Task OpenSeenKeysAsync(Schema keys, CancellationToken cancellationToken)
    {
        await using (var others = await _warehouse.QueryAsync(
            $"SELECT DISTINCT project FROM {SystemTables.Checkpoints} WHERE stream = $1 AND project NOT IN ('', $2)",
            [_stream.Name, _warehouse.Project], readOnly: true, cancellationToken))
        {
            await foreach (var row in others.ReadRowsAsync(cancellationToken))
            {
                throw new TidemillException(
                    ErrorCode.SchemaConflict,
                    $"{_stream.File}: it deduplicates, and project {row[0]} has a stream {_stream.Name} in {_warehouse.Description} "
                        + "too: each would take the other's records as seen. Give the stream another name, or the project another schema.");
            }
        }

        await EnsureAsync(Seen(keys), cancellationToken);
    }

    /// <summary>The tables that rows of this schema need.</summary>
    public IEnumerable<TableSpec> Specs(Schema rows, Schema? keys) => keys is null ? [Table(rows)] : [Table(rows), Seen(keys)];

    public Task<IReadOnlyDictionary<TopicPartition, LogOffset>> ReadPositionsAsync(
        IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken) =>
        _warehouse.ReadCheckpointsAsync(_owner, cancellationToken);

    public Task<long> WriteAsync(SinkBatch batch, CancellationToken cancellationToken) =>
        InTransactionAsync(batch, writer => writer.AdvanceAsync(_owner, batch.Ranges, cancellationToken), cancellationToken);

    /// <summary>Writes rows inside the caller's transaction, without moving the checkpoint.</summary>
    public Task<long> WriteRowsAsync(IWarehouseWriter writer, SinkBatch batch, CancellationToken cancellationToken) =>
        batch.Rows is { } given
            ? WriteRowsAsync(writer, given, cancellationToken)
            : WriteNewAsync(writer, batch.Deduplicated!, cancellationToken);

    public async Task MovePositionsAsync(IReadOnlyList<OffsetRange> moves, CancellationToken cancellationToken)
    {
        await using var writer = await _warehouse.OpenWriterAsync(cancellationToken);
        await writer.BeginAsync(cancellationToken);
        await writer.AdvanceAsync(_owner, moves, cancellationToken);
        await writer.CommitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_writer is not null)
            await _writer.DisposeAsync();
    }

    private async Task<long> InTransactionAsync(
        SinkBatch batch, Func<IWarehouseWriter, Task> finish, CancellationToken cancellationToken)
    {
        var writer = _writer ?? throw new InvalidOperationException("The sink is not open.");
        try
        {
            await writer.BeginAsync(cancellationToken);
            var rows = await WriteRowsAsync(writer, batch, cancellationToken);
            await finish(writer);
            await writer.CommitAsync(cancellationToken);
            return rows;
        }
        catch
        {
            await writer.RollbackAsync();
            throw;
        }
    }

    private async Task<long> WriteNewAsync(IWarehouseWriter writer, DeduplicatedRows source, CancellationToken cancellationToken)
    {
        var isNew = await writer.InsertNewKeysAsync(SeenKeys, source.Keys, cancellationToken);
        using var rows = source.Transform(isNew);
        return await WriteRowsAsync(writer, rows, cancellationToken);
    }

    private Task<long> WriteRowsAsync(IWarehouseWriter writer, Batch rows, CancellationToken cancellationToken) =>
        rows.RowCount == 0 ? Task.FromResult(0L) : writer.WriteAsync(_write, rows, cancellationToken);

    private async Task EnsureAsync(TableSpec spec, CancellationToken cancellationToken)
    {
        var plan = await _warehouse.PlanAsync(spec, cancellationToken);
        if (plan.Steps.Count > 0)
            await _warehouse.ApplyAsync(plan, cancellationToken);
    }

    private TableSpec Table(Schema schema) =>
        new(_definition.Table, Declared(schema))
        {
            PrimaryKey = _definition.Key,
            Rule = _definition.Rule,
            Indexes = _definition.Indexes,
        };

    private TableSpec Seen(Schema keys) =>
        new(SeenKeys, keys) { PrimaryKey = [.. keys.Fields.Select(f => f.Name)], Rule = ConflictRule.Ignore };

    private Schema Declared(Schema schema) => new(
        [.. schema.Fields.Select(f => f with { Required = _definition.Key.Contains(f.Name, StringComparer.OrdinalIgnoreCase) })]);
}
