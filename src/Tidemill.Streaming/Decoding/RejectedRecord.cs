using Tidemill.Core.Logs;

namespace Tidemill.Streaming.Decoding;

/// <summary>Where a row or a rejected record stands among the fetches of a batch.</summary>
/// <param name="Fetch">Index in the list of fetches.</param>
/// <param name="Record">Index in that fetch's records.</param>
public readonly record struct RecordIndex(int Fetch, int Record);

/// <summary>A record that gave no row.</summary>
public sealed record RejectedRecord(RecordIndex Index, RecordPosition Position, DecodeFailure Failure);
