using Tidemill.Core.Logs;

namespace Tidemill.Log.Recovery;

/// <summary>
/// A torn tail that opening the log cut off: bytes of an append that was never acknowledged as durable,
/// or zeros that a file system left behind.
/// </summary>
/// <param name="Partition">Whose tail it was.</param>
/// <param name="File">The segment file.</param>
/// <param name="Position">Byte position that the file now ends at.</param>
/// <param name="Bytes">Bytes cut off.</param>
/// <param name="Next">The offset that the next record gets.</param>
public sealed record TailTruncation(TopicPartition Partition, string File, long Position, long Bytes, LogOffset Next);
