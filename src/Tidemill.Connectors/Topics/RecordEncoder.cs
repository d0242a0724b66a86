using System.Buffers;
using System.Text.Json;
using Tidemill.Connectors.Cells;
using Tidemill.Core.Batches;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;

namespace Tidemill.Connectors.Topics;

/// <summary>Makes a stream's rows into records, in row order. For one caller at a time.</summary>
internal sealed class RecordEncoder : IDisposable
{
    private readonly CellWriter[] _cells;
    private readonly CellWriter[] _key;
    private readonly CellWriter? _value;
    private readonly (string Name, CellWriter Cell)[] _headers;
    private readonly CellWriter? _timestamp;
    private readonly ArrayBufferWriter<byte> _text = new(4096);
    private readonly ArrayBufferWriter<byte> _part = new(64);
    private readonly Utf8JsonWriter _json;

    /// <param name="definition">The sink.</param>
    /// <param name="schema">The rows' columns, among them those that the definition names.</param>
    public RecordEncoder(TopicSinkDefinition definition, Schema schema)
    {
        _cells = [.. schema.Fields.Select(f => new CellWriter(f))];
        _key = [.. definition.Key.Select(Cell)];
        _value = definition.ValueColumn is { } value ? Cell(value) : null;
        _headers = [.. definition.Headers.Select(h => (h.Key, Cell(h.Value)))];
        _timestamp = definition.Timestamp is { } timestamp ? Cell(timestamp) : null;
        _json = new Utf8JsonWriter(_text, new JsonWriterOptions { Encoder = CellWriter.Escaping, SkipValidation = true });

        CellWriter Cell(string column) => _cells[schema.IndexOf(column)];
    }

    /// <param name="rows">The rows; free again on return.</param>
    /// <param name="partition">Partition of all records; null: by key.</param>
    /// <exception cref="TidemillException">RowRejected: a cell that JSON or a timestamp cannot hold.</exception>
    public List<ProducerRecord> Encode(Batch rows, int? partition)
    {
        var records = new List<ProducerRecord>(rows.RowCount);
        foreach (var chunk in rows.Chunks)
        {
            for (var i = 0; i < _cells.Length; i++)
                _cells[i].Attach(chunk[i]);

            for (var row = 0; row < chunk.Size; row++)
            {
                records.Add(new ProducerRecord
                {
                    Key = Key(row),
                    Value = _value is null ? Json(row) : Text(_value, row),
                    Headers = _headers.Length == 0 ? null : [.. _headers.Select(h => new RecordHeader(h.Name, Text(h.Cell, row)))],
                    Timestamp = _timestamp is null || _timestamp.IsNull(row) ? null : Time(_timestamp, row),
                    Partition = partition,
                });
            }
        }

        return records;
    }

    public void Dispose() => _json.Dispose();

    /// <summary>One column's text as it is; several joined by |, with \ before each | and \ of their own. None when one is NULL.</summary>
    private ReadOnlyMemory<byte>? Key(int row)
    {
        if (_key.Length == 0)
            return null;

        if (_key.Length == 1)
            return Text(_key[0], row);

        _text.ResetWrittenCount();
        foreach (var cell in _key)
        {
            _part.ResetWrittenCount();
            if (!cell.TryAppend(_part, row))
                return null;

            if (cell != _key[0])
                _text.Write("|"u8);

            CellWriter.AppendEscaped(_text, _part.WrittenSpan);
        }

        return _text.WrittenSpan.ToArray();
    }

    private ReadOnlyMemory<byte>? Text(CellWriter cell, int row)
    {
        _part.ResetWrittenCount();
        if (cell.TryAppend(_part, row))
            return _part.WrittenSpan.ToArray();

        return cell.IsNull(row) ? null : throw Rejected(cell, "a value that has no text");
    }

    private ReadOnlyMemory<byte> Json(int row)
    {
        _text.ResetWrittenCount();
        _json.Reset();
        _json.WriteStartObject();
        foreach (var cell in _cells)
        {
            if (cell.Write(_json, row) is { } problem)
                throw Rejected(cell, problem);
        }

        _json.WriteEndObject();
        _json.Flush();
        return _text.WrittenSpan.ToArray();
    }

    private static DateTimeOffset Time(CellWriter cell, int row) => cell.Time(row) is { } time && time >= DateTime.UnixEpoch
        ? new DateTimeOffset(DateTime.SpecifyKind(time, DateTimeKind.Utc))
        : throw Rejected(cell, "a time before 1970 or beyond the calendar");

    private static TidemillException Rejected(CellWriter cell, string problem) =>
        new(ErrorCode.RowRejected, $"Column {cell.Field.Name} holds {problem}.");
}
