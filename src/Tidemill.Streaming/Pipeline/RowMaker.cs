using Tidemill.Core.Batches;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;
using Tidemill.Core.Streams;
using Tidemill.Streaming.Decoding;
using Tidemill.Streaming.Transforms;

namespace Tidemill.Streaming.Pipeline;

/// <summary>
/// Makes a stream's rows out of records: decode, then the transform or the deduplication that stands before it. A stream
/// that decodes nothing has no rows: its sinks take the records.
/// Not for concurrent callers, except that one may decode while another transforms.
/// </summary>
internal sealed class RowMaker : IDisposable
{
    private readonly BatchDecoder _decoder;
    private readonly bool _decodes;
    private readonly SqlTransform? _transform;
    private readonly SqlTransform? _keys;

    public RowMaker(StreamDefinition stream)
    {
        Deduplicates = stream.Deduplicate.Count > 0;
        var sql = stream.Transform;
        _decodes = stream.Decode is not null;
        _decoder = new BatchDecoder(stream.Decode ?? new DecodeDefinition { Fields = [] }, MetadataIn(sql), drift: stream.OnDrift);
        var input = _decoder.Schema;
        var casts = Casts(stream);
        if (sql is not null || casts.Count > 0 || Deduplicates)
        {
            sql ??= new SqlText("SELECT * FROM batch", stream.File, 1);
            _transform = new SqlTransform(sql, input, casts, flagged: Deduplicates);
        }

        if (Deduplicates)
        {
            var select = $"SELECT {Core.Warehouses.SqlName.List(stream.Deduplicate)} FROM batch";
            _keys = new SqlTransform(new SqlText(select, stream.File, 1), input, new Dictionary<string, FieldType>(), flagged: false);
        }
    }

    public bool Deduplicates { get; }

    /// <summary>Columns of the rows.</summary>
    public Schema Output => _transform?.Output ?? _decoder.Schema;

    /// <summary>Columns of the deduplication key.</summary>
    public Schema? Keys => _keys?.Output;

    public DecodedBatch Decode(IReadOnlyList<FetchedRecords> records, CancellationToken cancellationToken) =>
        _decodes ? _decoder.Decode(records, cancellationToken) : new DecodedBatch(_decoder, new FetchIndex(records), []);

    /// <summary>What the batches decoded since the last call had beside the declared schema.</summary>
    public DriftSighting TakeDrift() => _decoder.TakeDrift();

    /// <summary>The decoded batch's rows; not for streams that deduplicate.</summary>
    public Batch Transform(DecodedBatch decoded) =>
        _transform is null ? Batch.Borrowing(_decoder.Schema, decoded.Chunks) : _transform.Run(decoded.Chunks);

    /// <summary>
    /// Gives the decoded batch its rows, or the error of a transform that fails on them. A stream that deduplicates makes
    /// rows only in its sink's transaction.
    /// </summary>
    public void Transform(MicroBatch batch)
    {
        if (Deduplicates)
            return;

        try
        {
            batch.Rows = Transform(batch.Decoded!);
        }
        catch (TidemillException error) when (error.Code == ErrorCode.TransformFailed)
        {
            batch.TransformError = error;
        }
    }

    /// <summary>What the sink needs to find new keys and make their rows. The caller disposes the keys.</summary>
    public DeduplicatedRows Deduplicate(DecodedBatch decoded) =>
        new(_keys!.Run(decoded.Chunks), flags => _transform!.Run(decoded.Chunks, flags));

    public void Dispose()
    {
        _transform?.Dispose();
        _keys?.Dispose();
        _decoder.Dispose();
    }

    /// <summary>Metadata columns that the SQL names; naming one in a comment only costs its column.</summary>
    internal static MetadataColumns MetadataIn(SqlText? sql)
    {
        if (sql is null)
            return MetadataColumns.None;

        return Named("_topic", MetadataColumns.Topic) | Named("_partition", MetadataColumns.Partition)
            | Named("_offset", MetadataColumns.Offset) | Named("_timestamp", MetadataColumns.Timestamp)
            | Named("_key", MetadataColumns.Key);

        MetadataColumns Named(string name, MetadataColumns column) =>
            sql.Text.Contains(name, StringComparison.OrdinalIgnoreCase) ? column : MetadataColumns.None;
    }

    /// <summary>Output types that the stream's sinks declare.</summary>
    internal static Dictionary<string, FieldType> Casts(StreamDefinition stream) =>
        stream.Sinks.SelectMany(s => s.Columns)
            .ToDictionary(c => c.Key, c => c.Value, StringComparer.OrdinalIgnoreCase);
}
