using Tidemill.Log.Segments;

namespace Tidemill.Log.Partitions;

/// <summary>Where acknowledged records end: readers see all before it and nothing behind it. Swapped whole.</summary>
internal sealed record LogEnd(Segment Segment, long Position, long Offset);
