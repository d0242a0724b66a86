using System.Globalization;
using Tidemill.Core.Logs;

namespace Tidemill.Core.Warehouses;

/// <summary>Positions that sinks hold, read back from <see cref="SystemTables.Checkpoints"/>.</summary>
public static class Checkpoints
{
    /// <summary>For each partition that the sink has ever advanced, the next record that it does not hold yet.</summary>
    public static async Task<IReadOnlyDictionary<TopicPartition, LogOffset>> ReadCheckpointsAsync(
        this IWarehouse warehouse, CheckpointOwner owner, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(warehouse);
        const string Sql = $"SELECT topic, \"partition\", next_offset FROM {SystemTables.Checkpoints} "
            + "WHERE project = $1 AND stream = $2 AND sink = $3";
        await using var result = await warehouse
            .QueryAsync(Sql, [warehouse.Project, owner.Stream, owner.Sink], readOnly: true, cancellationToken);
        var positions = new Dictionary<TopicPartition, LogOffset>();
        await foreach (var row in result.ReadRowsAsync(cancellationToken))
        {
            var partition = new TopicPartition((string)row[0]!, Convert.ToInt32(row[1], CultureInfo.InvariantCulture));
            positions[partition] = new LogOffset(Convert.ToInt64(row[2], CultureInfo.InvariantCulture));
        }

        return positions;
    }
}
