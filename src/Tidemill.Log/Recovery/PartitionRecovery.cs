using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Log.Segments;
using Tidemill.Log.Storage;

namespace Tidemill.Log.Recovery;

/// <summary>A partition's files, found whole: all segments but the last sealed, all contents on disk.</summary>
internal sealed record RecoveredPartition(
    IReadOnlyList<Segment> Segments, IFile ActiveFile, SegmentIndex ActiveIndex, DurableMark Mark, TailTruncation? Truncation);

/// <summary>
/// Opens a partition's folder. Closed segments must be whole and follow each other; the last one may end in a torn
/// append, which is cut off, unless that would drop a record known to have been acknowledged as durable: by the
/// durable mark, or by a valid batch behind the damage. Then it is DataCorrupt and nothing is changed.
/// </summary>
internal sealed class PartitionRecovery(
    IFileSystem files, string folder, TopicPartition partition, EmbeddedLogOptions options)
{
    public RecoveredPartition Run()
    {
        var segments = FindSegments();
        var mark = DurableMark.Open(files, folder);
        IFile? active = null;
        try
        {
            for (int i = 0; i < segments.Count - 1; i++) SealSegment(segments[i], segments[i + 1].BaseOffset);
            active = files.Open(segments[^1].Path, FileOpen.Write);
            var (index, truncation) = RecoverTail(segments[^1], active, mark);
            return new RecoveredPartition(segments, active, index, mark, truncation);
        }
        catch
        {
            active?.Dispose();
            mark.Dispose();
            throw;
        }
    }

    private List<Segment> FindSegments()
    {
        var names = files.Files(folder);
        foreach (string leftover in names.Where(n => n.EndsWith(AtomicFile.TemporarySuffix, StringComparison.Ordinal)))
            files.DeleteFile(Path.Combine(folder, leftover));

        var segments = names
            .Select(n => Segment.BaseOffsetOf(n, Segment.FileSuffix)).OfType<long>()
            .Order().Select(b => new Segment(folder, b)).ToList();
        var orphans = names
            .Select(n => Segment.BaseOffsetOf(n, Segment.IndexSuffix)).OfType<long>()
            .Except(segments.Select(s => s.BaseOffset));
        foreach (long orphan in orphans) files.DeleteFile(new Segment(folder, orphan).IndexPath);
        return segments.Count > 0 ? segments : [new Segment(folder, 0)];
    }

    private void SealSegment(Segment segment, long nextBase)
    {
        using var file = files.Open(segment.Path, FileOpen.Read);
        var index = SegmentIndex.TryLoad(files, segment.IndexPath, segment.BaseOffset, file.Length, options.IndexIntervalBytes);
        if (index is null)
        {
            var scan = SegmentScan.Run(file, segment.BaseOffset, options.IndexIntervalBytes);
            if (!scan.IsWhole) throw Corrupt(segment, scan.Index, "the batch there is damaged, in a segment that was closed whole");
            index = scan.Index;
            AtomicFile.Replace(files, folder, segment.IndexName, index.Serialize(), durable: false);
        }

        if (index.NextOffset != nextBase)
            throw Corrupt(segment, index, $"offsets {index.NextOffset} to {nextBase} are missing before the next segment file");

        segment.Seal(index);
    }

    private (SegmentIndex Index, TailTruncation? Truncation) RecoverTail(Segment segment, IFile file, DurableMark mark)
    {
        var scan = SegmentScan.Run(file, segment.BaseOffset, options.IndexIntervalBytes);
        var index = scan.Index;
        CheckNothingDurableIsLost(segment, scan, file, mark.Read());
        TailTruncation? truncation = null;
        if (!scan.IsWhole)
        {
            file.SetLength(index.SegmentBytes);
            truncation = new TailTruncation(
                partition, segment.Path, index.SegmentBytes, scan.FileBytes - index.SegmentBytes, new LogOffset(index.NextOffset));
        }

        // What a killed process had written but not flushed counts from here on: readers may see it at once.
        file.Flush();
        files.FlushFolder(folder);
        mark.Write(index.NextOffset);
        return (index, truncation);
    }

    private void CheckNothingDurableIsLost(Segment segment, SegmentScan scan, IFile file, long marked)
    {
        long next = scan.Index.NextOffset;
        if (marked > next)
        {
            throw Corrupt(segment, scan.Index,
                $"records up to offset {marked} were acknowledged as durable according to {DurableMark.FileName}, but the valid ones "
                    + $"end at {next}");
        }

        if (!scan.IsWhole && scan.DurableOffsetAfterDamage(file) > next)
            throw Corrupt(segment, scan.Index, "the batch there is damaged, and valid batches follow it");
    }

    private TidemillException Corrupt(Segment segment, SegmentIndex valid, string problem) => new(
        ErrorCode.DataCorrupt, $"{partition}: {segment.Path} at byte {valid.SegmentBytes} (offset {valid.NextOffset}): {problem}.");
}
