using Tidemill.Core.Errors;
using Tidemill.Log.Partitions;

namespace Tidemill.Log.Consumers;

/// <summary>Finds the first record at or after a time: the segment and batch run by the index, the record by reading on from
/// there.</summary>
internal static class OffsetSearch
{
    private const int ReadRecords = 1024;
    private const int ReadBytes = 256 << 10;

    public static long Run(PartitionLog partition, FetchBufferPool pool, long timestampMs, CancellationToken cancellationToken)
    {
        if (partition.Refusal is { } refusal) throw refusal;
        var end = partition.End;
        while (true)
        {
            var segment = partition.Segments.FirstOrDefault(s => !s.IsSealed || s.MaxTimestamp >= timestampMs);
            if (segment is null) return end.Offset;
            try
            {
                long start = partition.IndexOf(segment).FloorOfTimestamp(timestampMs).Offset;
                if (start >= end.Offset) return end.Offset;
                using var cursor = new PartitionCursor(partition, pool);
                cursor.Seek(start);
                return Find(cursor, timestampMs, end.Offset, cancellationToken);
            }
            catch (TidemillException error) when (error.Code == ErrorCode.OffsetOutOfRange && partition.Earliest > segment.BaseOffset)
            {
                // Retention deleted the segment meanwhile; look again among those left.
            }
            catch (FileNotFoundException) when (partition.Earliest > segment.BaseOffset)
            {
                // The same, while rebuilding its index.
            }
        }
    }

    private static long Find(PartitionCursor cursor, long timestampMs, long end, CancellationToken cancellationToken)
    {
        while (cursor.Offset < end)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var run = cursor.TryFetch(ReadRecords, ReadBytes);
            if (run is null) break;
            foreach (ref readonly var record in run.Records)
            {
                if (record.TimestampMs >= timestampMs && record.Offset < end) return record.Offset;
            }
        }

        return end;
    }
}
