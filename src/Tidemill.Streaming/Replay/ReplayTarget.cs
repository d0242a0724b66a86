using Tidemill.Core.Batches;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;
using Tidemill.Core.Streams;
using Tidemill.Core.Warehouses;

namespace Tidemill.Streaming.Replay;

/// <summary>A sink that is given rows again by its <see cref="ReplayMethod"/>. Its checkpoint stays where it is.</summary>
internal sealed class ReplayTarget(ISink inner, TableName? table, ReplayMethod method, IWarehouseWriter writer) : ISink, IRowRefusals
{
    private static readonly Dictionary<TopicPartition, LogOffset> Nothing = [];

    public string Name => inner.Name;

    public Task OpenAsync(Schema schema, CancellationToken cancellationToken) => inner.OpenAsync(schema, cancellationToken);

    /// <summary>None: every method may be carried out again, so an attempt whose answer was lost is.</summary>
    public Task<IReadOnlyDictionary<TopicPartition, LogOffset>> ReadPositionsAsync(
        IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyDictionary<TopicPartition, LogOffset>>(Nothing);

    public string? Refused(Batch rows) => (inner as IRowRefusals)?.Refused(rows);

    public async Task<long> WriteAsync(SinkBatch batch, CancellationToken cancellationToken)
    {
        if (inner is not ITableSink sink)
            return batch.Rows is { RowCount: > 0 } ? await inner.WriteAsync(batch with { Ranges = [] }, cancellationToken) : 0;

        try
        {
            await writer.BeginAsync(cancellationToken);
            if (method == ReplayMethod.DeleteAndInsert)
                await DeleteAsync(batch.Ranges, cancellationToken);

            var written = await sink.WriteRowsAsync(writer, batch, cancellationToken);
            await writer.CommitAsync(cancellationToken);
            return written;
        }
        catch
        {
            await writer.RollbackAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private async Task DeleteAsync(IReadOnlyList<OffsetRange> ranges, CancellationToken cancellationToken)
    {
        foreach (var range in ranges)
        {
            await writer.ExecuteAsync(
                $"DELETE FROM {table!.Value.Quoted} WHERE _topic = $1 AND _partition = $2 AND _offset >= $3 AND _offset < $4",
                [range.Partition.Topic, range.Partition.Partition, range.Start.Value, range.End.Value], cancellationToken);
        }
    }
}
