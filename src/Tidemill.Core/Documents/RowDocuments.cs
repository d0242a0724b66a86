using System.Globalization;
using System.Text;
using Tidemill.Core.Batches;
using Tidemill.Core.Documents.Bson;
using Tidemill.Core.Errors;
using Tidemill.Core.Schemas;

namespace Tidemill.Core.Documents;

/// <summary>
/// Makes rows into documents: <c>_id</c> first, then every column under its name. Columns that only make the <c>_id</c>
/// (one named so, or topic, partition and offset) are not written again. Used by one caller at a time.
/// </summary>
public sealed class RowDocuments
{
    private static readonly byte[] IdName = "_id"u8.ToArray();

    private readonly Schema _schema;
    private readonly byte[][] _names;
    private readonly int[] _id;
    private readonly int[] _position;
    private readonly int[] _fields;

    /// <param name="id">Columns that make the <c>_id</c>. Empty: topic, partition and offset do.</param>
    /// <param name="position">Where topic, partition and offset stand among the columns.</param>
    public RowDocuments(Schema schema, IReadOnlyList<int> id, IReadOnlyList<int> position)
    {
        ArgumentNullException.ThrowIfNull(schema);
        _schema = schema;
        _names = [.. schema.Fields.Select(field => Encoding.UTF8.GetBytes(field.Name))];
        _id = [.. id];
        _position = _id.Length > 0 ? [] : [.. position];
        var named = schema.IndexOf("_id");
        _fields = [.. Enumerable.Range(0, schema.Fields.Count).Where(column => column != named && !_position.Contains(column))];
    }

    /// <summary>Adds the rows. Returns why rows are left out: an id is NULL, or BSON has no place for a value.</summary>
    public IReadOnlyList<string> Write(Batch rows, DocumentBatch documents)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(documents);
        var cells = new CellBson[_names.Length];
        var refused = new List<string>();
        foreach (var chunk in rows.Chunks)
        {
            for (var column = 0; column < cells.Length; column++)
                cells[column] = new CellBson(chunk[column], _schema.Fields[column], _names[column]);

            for (var row = 0; row < chunk.Size; row++)
            {
                try
                {
                    Write(documents.Writer, cells, row);
                    documents.Add();
                }
                catch (TidemillException error) when (error.Code == ErrorCode.RowRejected)
                {
                    documents.Drop();
                    refused.Add(error.Message);
                }
            }
        }

        return refused;
    }

    private void Write(BsonWriter writer, CellBson[] cells, int row)
    {
        var mark = writer.Begin();
        WriteId(writer, cells, row);
        foreach (var column in _fields)
            cells[column].Write(writer, row);

        writer.End(mark);
    }

    private void WriteId(BsonWriter writer, CellBson[] cells, int row)
    {
        foreach (var column in _id.Where(column => cells[column].IsNull(row)))
        {
            throw new TidemillException(
                ErrorCode.RowRejected, $"Column {_schema.Fields[column].Name}, part of the document's _id, is NULL in a row.");
        }

        switch (_id)
        {
            case []:
                writer.Text(IdName, Encoding.UTF8.GetBytes(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Encoding.UTF8.GetString(cells[_position[0]].Bytes(row))}-{cells[_position[1]].Integer(row)}-{cells[_position[2]].Integer(row)}")));
                break;
            case [var only]:
                cells[only].Write(writer, IdName, row);
                break;
            default:
                var mark = writer.Begin(BsonType.Document, IdName);
                foreach (var column in _id)
                    cells[column].Write(writer, row);

                writer.End(mark);
                break;
        }
    }
}
