using Tidemill.Core.Errors;

namespace Tidemill.Log;

/// <summary>How an <see cref="EmbeddedLog"/> stores its records.</summary>
public sealed record EmbeddedLogOptions
{
    /// <summary>
    /// Bytes at which a segment file is closed and the next one begun. Default 128 MiB, at least 4 KiB.
    /// Retention deletes whole segments and recovery reads the last one whole, so larger ones hold more
    /// than asked for and open more slowly; smaller ones mean more files.
    /// </summary>
    public long SegmentBytes { get; init; } = 128L << 20;

    /// <summary>
    /// Bytes at which records of one call are split into several batches. Default 256 KiB, 1 KiB to 64 MiB.
    /// A batch is checked as a whole: this size stays in the processor's cache.
    /// </summary>
    public int BatchBytes { get; init; } = 256 << 10;

    /// <summary>Bytes of segment for each entry of its sparse index. Default 64 KiB, at least 256 bytes.</summary>
    public int IndexIntervalBytes { get; init; } = 64 << 10;

    /// <summary>
    /// How long records acknowledged as Written may wait for their fsync. Default 1 s, more than zero.
    /// A power cut loses at most this much of them; Durable records never wait for it.
    /// </summary>
    public TimeSpan FlushInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Bytes of Written records in a partition that start a flush before <see cref="FlushInterval"/> is over. Default
    /// 32 MiB, at least 1 byte. The flush runs beside further appends, so that closing a segment finds little left to flush.
    /// </summary>
    public long FlushBytes { get; init; } = 32 << 20;

    /// <summary>How often retention looks for segments to delete. Default 1 minute, more than zero.</summary>
    public TimeSpan RetentionInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Whether readers check each batch's CRC32C. Default true: a flipped bit on disk becomes DataCorrupt instead of
    /// a wrong record, for about a tenth of the reading speed.
    /// </summary>
    public bool VerifyOnRead { get; init; } = true;

    /// <summary>Everything wrong with these options; empty when nothing is.</summary>
    public IReadOnlyList<ConfigError> Validate()
    {
        List<ConfigError> errors = [];
        Check(SegmentBytes >= 4096, "segment_bytes", "is too small.", "Write 4096 or more.");
        Check(BatchBytes is >= 1024 and <= 64 << 20, "batch_bytes", "is out of range.", "Write 1024 to 67108864.");
        Check(IndexIntervalBytes >= 256, "index_interval_bytes", "is too small.", "Write 256 or more.");
        Check(FlushInterval > TimeSpan.Zero, "flush_interval", "is not positive.", "Write a time such as 1s.");
        Check(FlushBytes >= 1, "flush_bytes", "is too small.", "Write 1 or more.");
        Check(RetentionInterval > TimeSpan.Zero, "retention_interval", "is not positive.", "Write a time such as 1m.");
        return errors;

        void Check(bool holds, string name, string problem, string fix)
        {
            if (!holds) errors.Add(new ConfigError($"log.{name}", $"{name} {problem}", fix, "tidemill.yaml", 0));
        }
    }
}
