using Tidemill.Core.Logs;

namespace Tidemill.Streaming.Pipeline;

/// <summary>
/// Cuts a batch of at least two records in two, in order. Each partition's ranges meet and together cover the batch's,
/// gaps between records included.
/// </summary>
internal static class BatchHalves
{
    public static IReadOnlyList<MicroBatch> Split(MicroBatch batch) => Split(batch, batch.Count / 2);

    /// <param name="batch">At least two records.</param>
    /// <param name="half">Records of the first part, at least one and fewer than all.</param>
    public static IReadOnlyList<MicroBatch> Split(MicroBatch batch, int half)
    {
        var first = Slices(batch, 0, half);
        var second = Slices(batch, half, batch.Count - half);
        var firstRanges = new List<OffsetRange>();
        var secondRanges = new List<OffsetRange>();
        foreach (var whole in batch.Ranges)
        {
            var before = first.LastOrDefault(s => s.Partition == whole.Partition);
            var goesOn = second.Exists(s => s.Partition == whole.Partition);
            var middle = before is null ? whole.Start : goesOn ? before.Next : whole.End;
            if (before is not null)
                firstRanges.Add(whole with { End = middle });

            if (middle < whole.End)
                secondRanges.Add(whole with { Start = middle });
        }

        return
        [
            new MicroBatch(first) { Ranges = firstRanges, ForSink = batch.ForSink },
            new MicroBatch(second) { Ranges = secondRanges, ForSink = batch.ForSink },
        ];
    }

    private static List<FetchedRecords> Slices(MicroBatch batch, int first, int count)
    {
        var slices = new List<FetchedRecords>();
        var position = 0;
        foreach (var run in batch.Records)
        {
            var start = Math.Max(first - position, 0);
            var end = Math.Min(first + count - position, run.Records.Length);
            if (end > start)
                slices.Add(new FetchedSlice(run, start, end - start));

            position += run.Records.Length;
        }

        return slices;
    }
}
