using Tidemill.Core.Batches;
using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;
using Tidemill.DuckDb;
using Tidemill.Streaming.Decoding;

namespace Tidemill.Streaming.Verification;

/// <summary>The target's values as rows in <c>actual_rows</c>: decoded as JSON, or one column's bytes.</summary>
internal sealed class ActualValues : IDisposable
{
    private readonly ExpectedRows _expected;
    private readonly BatchDecoder? _decoder;
    private readonly DataChunk? _chunk;

    public ActualValues(ExpectedRows expected, TopicOutput sink)
    {
        _expected = expected;
        var fields = expected.Columns.Select((c, i) => new DecodeField(c, FieldTypes.FromLogical(expected.Types[i])!.Value)).ToList();
        if (sink.ValueColumn is null)
        {
            _decoder = new BatchDecoder(new DecodeDefinition { Fields = fields });
            _decoder.AcceptRows();
            return;
        }

        var at = fields.FindIndex(f => f.Name.Equals(sink.ValueColumn, StringComparison.OrdinalIgnoreCase));
        _chunk = DataChunk.Create(expected.Types[at]);
    }

    /// <summary>Values that are not the JSON they should be.</summary>
    public long Altered { get; private set; }

    public void Take(FetchedRecords run, CancellationToken cancellationToken)
    {
        using var appender = _expected.Connection.Append(null, "actual_rows");
        if (_decoder is not null)
        {
            using var decoded = _decoder.Decode([run], cancellationToken);
            Altered += decoded.Rejected.Count;
            foreach (var chunk in decoded.Chunks)
                appender.Append(chunk);
        }
        else
        {
            AppendBytes(run.Records, appender);
        }

        appender.Close();
    }

    public void Dispose()
    {
        _decoder?.Dispose();
        _chunk?.Dispose();
    }

    private void AppendBytes(ReadOnlySpan<RecordRef> records, ChunkAppender appender)
    {
        for (var i = 0; i < records.Length; i++)
        {
            var value = records[i].Value;
            _chunk![0].SetValue(_chunk.Size, records[i].IsTombstone ? null
                : _chunk[0].Type.TypeId == DuckDbTypeId.Blob ? value.ToArray() : System.Text.Encoding.UTF8.GetString(value));
            _chunk.Size++;
            if (_chunk.Size == DataChunk.Capacity || i == records.Length - 1)
            {
                appender.Append(_chunk);
                _chunk.Reset();
            }
        }
    }
}
