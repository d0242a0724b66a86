using System.Diagnostics.CodeAnalysis;
using Tidemill.Core.Batches;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Streaming.Decoding;
using Tidemill.Streaming.Status;

namespace Tidemill.Streaming.Pipeline;

/// <summary>
/// Records on their way through the stages, with what each stage has made of them. Owns all of it until disposed. The
/// raw records stay until the commit: a row that fails late still goes to dead letters with its bytes.
/// </summary>
[SuppressMessage("Reliability", "CA2213", Justification = "Dispose frees every member.")]
internal sealed class MicroBatch(IReadOnlyList<FetchedRecords> records) : IDisposable
{
    public IReadOnlyList<FetchedRecords> Records { get; } = records;

    /// <summary>Where each partition is read from and to; at most one range a partition.</summary>
    public required IReadOnlyList<OffsetRange> Ranges { get; init; }

    /// <summary>Tells by name which sinks take the rows; null: all.</summary>
    public Predicate<string>? ForSink { get; init; }

    /// <summary>True when a batch of the same record for the other sinks follows.</summary>
    public bool IsFollowed { get; init; }

    /// <summary>Owner of the memory that the records lie in, disposed with the batch; null when the batch owns it.</summary>
    public IDisposable? Whole { get; init; }

    /// <summary>Null before decoding.</summary>
    public DecodedBatch? Decoded { get; set; }

    /// <summary>Null before the transform, and for streams that deduplicate.</summary>
    public Batch? Rows { get; set; }

    /// <summary>Why the transform failed on this batch; the sink stage then finds the row.</summary>
    public TidemillException? TransformError { get; set; }

    public int Count => Records.Sum(r => r.Records.Length);

    public long Bytes => Records.Sum(r => r.Bytes);

    /// <summary>Record timestamps for the latency figures.</summary>
    public List<long> SampledTimestamps()
    {
        var timestamps = new List<long>();
        foreach (var run in Records)
            StreamMetrics.Sample(run.Records, timestamps);

        return timestamps;
    }

    public void Dispose()
    {
        Rows?.Dispose();
        Decoded?.Dispose();
        foreach (var run in Records)
            run.Dispose();

        Whole?.Dispose();
    }
}
