using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Streams;

namespace Tidemill.Streaming.Pipeline;

/// <summary>A record whose row a sink refused.</summary>
/// <param name="Run">The run of records it belongs to, of the batch that was searched.</param>
internal sealed record RefusedRecord(FetchedRecords Run, int Index, string Reason);

/// <summary>
/// Finds the records behind refused rows by halving, decoding and transforming in memory: nothing is written meanwhile, so
/// hundreds among many thousands cost a second or two.
/// </summary>
internal sealed class RefusedRecords(IReadOnlyList<IRowRefusals> sinks, RowMaker rows)
{
    /// <summary>In the batch's order; empty when rows depend on their neighbours, so that no record alone gives a refused one.</summary>
    public IReadOnlyList<RefusedRecord> Find(MicroBatch batch, CancellationToken cancellationToken)
    {
        var found = new List<RefusedRecord>();
        if (sinks.Count > 0)
        {
            foreach (var run in batch.Records)
                Search(run, 0, run.Records.Length, found, cancellationToken);
        }

        return found;
    }

    /// <summary>The batch's other records, over all of its ranges. Borrows the batch's memory.</summary>
    public static MicroBatch Without(MicroBatch batch, IReadOnlyList<RefusedRecord> refused)
    {
        var left = new List<FetchedRecords>();
        foreach (var run in batch.Records)
        {
            var start = 0;
            foreach (var record in refused.Where(r => ReferenceEquals(r.Run, run)))
            {
                Add(run, start, record.Index);
                start = record.Index + 1;
            }

            Add(run, start, run.Records.Length);
        }

        return new MicroBatch(left) { Ranges = batch.Ranges, ForSink = batch.ForSink };

        void Add(FetchedRecords run, int start, int end)
        {
            if (end > start)
                left.Add(new FetchedSlice(run, start, end - start));
        }
    }

    private void Search(FetchedRecords run, int start, int count, List<RefusedRecord> found, CancellationToken cancellationToken)
    {
        if (count == 0 || Reason(run, start, count, cancellationToken) is not { } reason)
            return;

        if (count == 1)
        {
            found.Add(new RefusedRecord(run, start, reason));
            return;
        }

        Search(run, start, count / 2, found, cancellationToken);
        Search(run, start + (count / 2), count - (count / 2), found, cancellationToken);
    }

    private string? Reason(FetchedRecords run, int start, int count, CancellationToken cancellationToken)
    {
        using var slice = new FetchedSlice(run, start, count);
        using var decoded = rows.Decode([slice], cancellationToken);
        try
        {
            using var made = rows.Transform(decoded);
            return sinks.Select(sink => sink.Refused(made)).FirstOrDefault(reason => reason is not null);
        }
        catch (TidemillException error) when (error.Code == ErrorCode.TransformFailed)
        {
            // The whole batch went through the transform; what fails on a part of it is found by halving as ever.
            return null;
        }
    }
}
