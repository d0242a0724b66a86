using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Tidemill.Connectors.Cells;
using Tidemill.Core.Batches;
using Tidemill.Core.Schemas;
using Tidemill.Core.Search;

namespace Tidemill.Connectors.Search.Streams;

/// <summary>What one call of <see cref="DocumentEncoder.Encode"/> made. The body's memory is reused by the next call.</summary>
/// <param name="Indexes">Indexes that operations name, without the store's prefix.</param>
/// <param name="Refused">Why rows could not become operations.</param>
internal sealed record EncodedRows(BulkBody Body, IReadOnlyCollection<string> Indexes, IReadOnlyList<string> Refused);

/// <summary>
/// Makes a stream's rows into operations of the bulk API, without an object a row. The same rows and bounds give the same
/// bodies. For one caller at a time.
/// </summary>
internal sealed class DocumentEncoder : IDisposable
{
    private const int MaxIdBytes = 512;

    private static readonly IReadOnlyList<string> Position = ["_topic", "_partition", "_offset"];

    private readonly IndexSinkDefinition _definition;
    private readonly string _prefix;
    private readonly CellWriter[] _cells;
    private readonly CellWriter[] _id;
    private readonly CellWriter? _version;
    private readonly CellWriter? _delete;
    private readonly CellWriter? _date;
    private readonly ArrayBufferWriter<byte> _text = new(1 << 16);
    private readonly ArrayBufferWriter<byte> _idText = new(64);
    private readonly ArrayBufferWriter<byte> _idPart = new(64);
    private readonly Utf8JsonWriter _json;
    private readonly Dictionary<DateTime, (string Name, JsonEncodedText Text)> _names = [];
    private Batch? _rows;
    private int _chunk;
    private int _row;

    /// <param name="schema">The rows' columns, among them those that the definition names.</param>
    /// <param name="prefix">The store's.</param>
    public DocumentEncoder(IndexSinkDefinition definition, Schema schema, string prefix)
    {
        (_definition, _prefix) = (definition, prefix);
        _cells = [.. schema.Fields.Select(f => new CellWriter(f))];
        _id = [.. IdColumns(definition).Select(Cell)];
        _version = definition.Version is { } version ? Cell(version) : null;
        _delete = definition.Delete is { } delete ? Cell(delete) : null;
        _date = definition.Date is { } date ? Cell(date.Column) : null;
        _json = new Utf8JsonWriter(_text, new JsonWriterOptions { Encoder = CellWriter.Escaping, SkipValidation = true });

        CellWriter Cell(string column) => _cells[schema.IndexOf(column)];
    }

    /// <summary>Columns that make the id.</summary>
    public static IReadOnlyList<string> IdColumns(IndexSinkDefinition definition) => definition.Id.Count > 0 ? definition.Id : Position;

    /// <summary>Begins with these rows, which must outlive the encoding.</summary>
    public void Start(Batch rows) => (_rows, _chunk, _row) = (rows, 0, 0);

    /// <summary>The next rows as a body of about so many bytes, one operation at least; null at the end.</summary>
    public EncodedRows? Encode(int maxBytes)
    {
        var rows = _rows!;
        if (_chunk >= rows.Chunks.Count)
            return null;

        _text.ResetWrittenCount();
        var starts = new List<int>();
        var refused = new List<string>();
        var indexes = new HashSet<string>();
        for (; _chunk < rows.Chunks.Count; _chunk++, _row = 0)
        {
            var chunk = rows.Chunks[_chunk];
            for (var i = 0; i < _cells.Length; i++)
                _cells[i].Attach(chunk[i]);

            for (var size = chunk.Size; _row < size; _row++)
            {
                if (_text.WrittenCount >= maxBytes)
                    return Made();

                var start = _text.WrittenCount;
                if (EncodeRow(_row, indexes) is { } problem)
                {
                    Cut(start);
                    refused.Add(problem);
                }
                else
                {
                    starts.Add(start);
                }
            }
        }

        return Made();

        EncodedRows Made() => new(new BulkBody(_text.WrittenMemory, starts), indexes, refused);
    }

    public void Dispose() => _json.Dispose();

    /// <summary>Null when the row's operation is written, else why there is none; then half of it may be written.</summary>
    private string? EncodeRow(int row, HashSet<string> indexes)
    {
        if (WriteId(row) is { } problem)
            return problem;

        var delete = _delete?.IsTrue(row) ?? false;
        _json.WriteStartObject();
        _json.WriteStartObject(delete ? "delete"u8 : _definition.CreateOnly ? "create"u8 : "index"u8);
        _json.WriteString("_id"u8, _idText.WrittenSpan);
        if ((WriteIndex(row, indexes) ?? WriteVersion(row)) is { } unfit)
            return unfit;

        _json.WriteEndObject();
        EndLine();
        return delete ? null : WriteDocument(row);
    }

    private string? WriteDocument(int row)
    {
        _json.WriteStartObject();
        foreach (var cell in _cells)
        {
            if (cell.Write(_json, row) is { } problem)
                return $"column {cell.Field.Name} holds {problem}";
        }

        EndLine();
        return null;
    }

    /// <summary>
    /// The position as topic-partition-offset; of columns one text as it is, several joined by |, with \ before each | and \
    /// of their own, so that different cells never give one id.
    /// </summary>
    private string? WriteId(int row)
    {
        _idText.ResetWrittenCount();
        var isPosition = _definition.Id.Count == 0;
        for (var i = 0; i < _id.Length; i++)
        {
            if (i > 0)
                _idText.Write(isPosition ? "-"u8 : "|"u8);

            _idPart.ResetWrittenCount();
            if (!_id[i].TryAppend(_idPart, row))
                return $"column {_id[i].Field.Name}, part of the document's id, is NULL";

            if (isPosition || _id.Length == 1)
                _idText.Write(_idPart.WrittenSpan);
            else
                CellWriter.AppendEscaped(_idText, _idPart.WrittenSpan);
        }

        return _idText.WrittenCount is > 0 and <= MaxIdBytes ? null : $"the document's id is empty or has more than {MaxIdBytes} bytes";
    }

    private string? WriteIndex(int row, HashSet<string> indexes)
    {
        if (_date is null)
            return null;

        if (_date.Time(row) is not { } time)
            return $"column {_date.Field.Name}, part of the index's name, is NULL or no date of the calendar";

        var date = _definition.Date!;
        var hour = new DateTime(time.Year, time.Month, time.Day, time.Hour, 0, 0, DateTimeKind.Utc);
        if (!_names.TryGetValue(hour, out var name))
        {
            var text = $"{date.Head}{hour.ToString(Quoted(date.Format), CultureInfo.InvariantCulture)}{date.Tail}";
            _names[hour] = name = (text, JsonEncodedText.Encode(_prefix + text));
        }

        indexes.Add(name.Name);
        _json.WriteString("_index"u8, name.Text);
        return null;
    }

    /// <summary>Separators stand for themselves, whatever .NET's formats make of them.</summary>
    private static string Quoted(string format) =>
        string.Concat(format.Select(letter => char.IsLetter(letter) ? letter.ToString() : $"'{letter}'"));

    private string? WriteVersion(int row)
    {
        if (_version is null)
            return null;

        if (_version.Version(row) is not { } version)
            return $"column {_version.Field.Name}, the document's version, is NULL or negative";

        _json.WriteNumber("version"u8, version);
        _json.WriteString("version_type"u8, "external_gte"u8);
        return null;
    }

    private void EndLine()
    {
        _json.WriteEndObject();
        _json.Flush();
        _json.Reset();
        _text.Write("\n"u8);
    }

    /// <summary>Takes back what stands behind a place.</summary>
    private void Cut(int start)
    {
        _json.Reset();
        var kept = _text.WrittenSpan[..start].ToArray();
        _text.ResetWrittenCount();
        _text.Write(kept);
    }
}
