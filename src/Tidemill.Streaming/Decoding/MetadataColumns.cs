namespace Tidemill.Streaming.Decoding;

/// <summary>Columns about the record itself that follow the decoded ones; those not asked for cost nothing.</summary>
[Flags]
public enum MetadataColumns
{
    None = 0,

    /// <summary><c>_topic</c> VARCHAR.</summary>
    Topic = 1,

    /// <summary><c>_partition</c> INTEGER.</summary>
    Partition = 2,

    /// <summary><c>_offset</c> BIGINT.</summary>
    Offset = 4,

    /// <summary><c>_timestamp</c> TIMESTAMP: when the record was appended, UTC.</summary>
    Timestamp = 8,

    /// <summary><c>_key</c> BLOB; NULL for a record without a key.</summary>
    Key = 16,

    All = Topic | Partition | Offset | Timestamp | Key,
}
