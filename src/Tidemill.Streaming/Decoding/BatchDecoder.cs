using System.Collections.Concurrent;
using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;
using Tidemill.DuckDb;

namespace Tidemill.Streaming.Decoding;

/// <summary>
/// Decodes whole micro-batches, 2048 records to a chunk, and uses chunks again once their batch is disposed. One batch is
/// decoded at a time; batches may be disposed from any thread, also after the decoder.
/// </summary>
public sealed class BatchDecoder : IDisposable
{
    /// <summary>Chunks kept for later batches: two batches of the default size.</summary>
    private const int KeptChunks = 64;

    private readonly DecodePlan _plan;
    private readonly JsonDecoder[] _decoders;
    private readonly ConcurrentBag<ChunkWriter> _free = [];
    private volatile bool _disposed;

    /// <param name="definition">Fields and their types.</param>
    /// <param name="metadata">Columns about the record itself.</param>
    /// <param name="threads">Threads that decode a batch of more than 2048 records, the caller's included. Default 1.</param>
    /// <param name="drift">What becomes of records that leave the declared schema. Default ignore.</param>
    /// <exception cref="Core.Errors.TidemillException">ConfigurationInvalid: a default that its field's type cannot hold, or a
    /// bad path.</exception>
    public BatchDecoder(
        DecodeDefinition definition,
        MetadataColumns metadata = MetadataColumns.None, int threads = 1, DriftPolicy drift = DriftPolicy.Ignore)
    {
        ArgumentNullException.ThrowIfNull(definition);
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        _plan = new DecodePlan(definition, metadata, drift);
        _decoders = [.. Enumerable.Range(0, threads).Select(_ => new JsonDecoder(_plan))];
    }

    public Schema Schema => _decoders[0].Schema;

    /// <summary>Lets records be nested one level deeper: those of a topic sink, whose object stands around decoded values.</summary>
    internal void AcceptRows()
    {
        foreach (var decoder in _decoders)
            decoder.RootDepth = 0;
    }

    /// <summary>Decodes all records of all fetches; every one becomes a row or a rejected record, in order.</summary>
    public DecodedBatch Decode(IReadOnlyList<FetchedRecords> records, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(records);
        ObjectDisposedException.ThrowIf(_disposed, this);
        var index = new FetchIndex(records);
        var slices = new SliceResult?[(index.Count + DataChunk.Capacity - 1) / DataChunk.Capacity];
        try
        {
            DecodeSlices(records, index, slices, cancellationToken);
        }
        catch
        {
            foreach (var slice in slices)
                slice?.Writer.Dispose();

            throw;
        }

        return new DecodedBatch(this, index, slices!);
    }

    /// <summary>What the batches decoded since the last call had beside the declared schema.</summary>
    internal DriftSighting TakeDrift()
    {
        var met = new ulong[_plan.FieldNodes.Length];
        var unknown = new List<UnknownField>();
        foreach (var decoder in _decoders)
        {
            var part = decoder.TakeMet();
            for (var i = 0; i < met.Length; i++)
                met[i] |= part[i];

            unknown.AddRange(decoder.Unknown.TakeNews());
        }

        var unmet = _plan.Nodes.Where(node => node.Fields.Count > 0 && (met[node.Index >> 6] & (1UL << (node.Index & 63))) == 0)
            .SelectMany(node => node.Fields).Select(field => field.Name);
        return new DriftSighting(unknown, unmet.ToHashSet(StringComparer.OrdinalIgnoreCase));
    }

    public void Dispose()
    {
        _disposed = true;
        DisposeFree();
    }

    /// <summary>Takes a chunk back for later batches.</summary>
    internal void Return(ChunkWriter writer)
    {
        if (_disposed || _free.Count >= KeptChunks)
        {
            writer.Dispose();
            return;
        }

        writer.Reset();
        _free.Add(writer);
        if (_disposed)
            DisposeFree();
    }

    private void DecodeSlices(
        IReadOnlyList<FetchedRecords> records, FetchIndex index, SliceResult?[] slices, CancellationToken cancellationToken)
    {
        var next = -1;
        var workers = Math.Min(_decoders.Length, slices.Length);
        if (workers > 1)
            Parallel.For(0, workers, new ParallelOptions { MaxDegreeOfParallelism = workers }, Work);
        else if (workers == 1)
            Work(0);

        cancellationToken.ThrowIfCancellationRequested();

        void Work(int worker)
        {
            for (int slice; (slice = Interlocked.Increment(ref next)) < slices.Length && !cancellationToken.IsCancellationRequested;)
                slices[slice] = DecodeSlice(_decoders[worker], records, index, slice * DataChunk.Capacity);
        }
    }

    private SliceResult DecodeSlice(JsonDecoder decoder, IReadOnlyList<FetchedRecords> fetches, FetchIndex index, int first)
    {
        var writer = _free.TryTake(out var kept) ? kept : decoder.CreateWriter();
        List<RejectedRecord>? rejected = null;

        // Where drift is ignored, one record in a chunk is enough to tell people of it.
        decoder.Watches = true;
        var left = Math.Min(DataChunk.Capacity, index.Count - first);
        for (var at = index.Find(first); left > 0; at = new RecordIndex(at.Fetch + 1, 0))
        {
            var fetch = fetches[at.Fetch];
            var all = fetch.Records;
            var run = all.Slice(at.Record, Math.Min(left, all.Length - at.Record));
            writer.Enter(fetch.Partition);
            for (var i = 0; i < run.Length; i++)
            {
                if (!decoder.TryDecode(run[i], writer, out var failure))
                {
                    rejected ??= [];
                    rejected.Add(new RejectedRecord(
                        at with { Record = at.Record + i }, new RecordPosition(fetch.Partition, new LogOffset(run[i].Offset)), failure));
                }

                decoder.Watches = _plan.Drift != DriftPolicy.Ignore;
            }

            left -= run.Length;
        }

        writer.Finish();
        return new SliceResult(writer, first, rejected);
    }

    private void DisposeFree()
    {
        while (_free.TryTake(out var writer))
            writer.Dispose();
    }
}

/// <summary>What records had beside the declared schema.</summary>
/// <param name="Unknown">Undeclared properties that are new, or whose type has widened.</param>
/// <param name="Unmet">Declared fields that no record had.</param>
internal sealed record DriftSighting(IReadOnlyList<UnknownField> Unknown, IReadOnlySet<string> Unmet);
