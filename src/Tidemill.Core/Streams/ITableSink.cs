using Tidemill.Core.Schemas;
using Tidemill.Core.Warehouses;

namespace Tidemill.Core.Streams;

/// <summary>A sink whose rows stand in a table of the warehouse and can be written in a transaction of the caller's.</summary>
public interface ITableSink : ISink
{
    /// <summary>The tables that rows of this schema need.</summary>
    /// <param name="keys">Columns of the deduplication key. Null: the stream does not deduplicate.</param>
    IEnumerable<TableSpec> Specs(Schema rows, Schema? keys);

    /// <summary>Creates the table that remembers which events the stream has taken.</summary>
    Task OpenSeenKeysAsync(Schema keys, CancellationToken cancellationToken);

    /// <summary>Writes rows inside the caller's transaction, without moving the checkpoint. Returns rows inserted or changed.</summary>
    Task<long> WriteRowsAsync(IWarehouseWriter writer, SinkBatch batch, CancellationToken cancellationToken);
}
