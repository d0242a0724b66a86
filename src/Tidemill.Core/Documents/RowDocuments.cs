using System.Globalization;
using MongoDB.Bson;
using MongoDB.Bson.IO;
using Tidemill.Core.Batches;
using Tidemill.Core.Errors;
using Tidemill.Core.Schemas;

namespace Tidemill.Core.Documents;

/// <summary>
/// Makes rows into documents: <c>_id</c> first, then every column under its name. Columns that only make the <c>_id</c>
/// (one named so, or topic, partition and offset) are not written again. Used by one caller at a time.
/// </summary>
public sealed class RowDocuments
{
    private const string IdName = "_id";

    private readonly Schema _schema;
    private readonly int[] _id;
    private readonly int[] _position;
    private readonly int[] _fields;

    /// <param name="id">Columns that make the <c>_id</c>. Empty: topic, partition and offset do.</param>
    /// <param name="position">Where topic, partition and offset stand among the columns.</param>
    public RowDocuments(Schema schema, IReadOnlyList<int> id, IReadOnlyList<int> position)
    {
        ArgumentNullException.ThrowIfNull(schema);
        _schema = schema;
        _id = [.. id];
        _position = _id.Length > 0 ? [] : [.. position];
        var named = schema.IndexOf(IdName);
        _fields = [.. Enumerable.Range(0, schema.Fields.Count).Where(column => column != named && !_position.Contains(column))];
    }

    /// <summary>Adds the rows. Returns why rows are left out: an id is NULL, or BSON has no place for a value.</summary>
    public IReadOnlyList<string> Write(Batch rows, DocumentBatch documents)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(documents);
        var cells = new CellBson[_schema.Fields.Count];
        var refused = new List<string>();
        foreach (var chunk in rows.Chunks)
        {
            for (var column = 0; column < cells.Length; column++)
                cells[column] = new CellBson(chunk[column], _schema.Fields[column]);

            for (var row = 0; row < chunk.Size; row++)
            {
                try
                {
                    documents.Add(Write, (cells, row));
                }
                catch (TidemillException error) when (error.Code == ErrorCode.RowRejected)
                {
                    refused.Add(error.Message);
                }
            }
        }

        return refused;
    }

    private void Write(BsonBinaryWriter writer, (CellBson[] Cells, int Row) from)
    {
        var (cells, row) = from;
        try
        {
            writer.WriteStartDocument();
            WriteId(writer, cells, row);
            foreach (var column in _fields)
                cells[column].Write(writer, row);

            writer.WriteEndDocument();
        }
        catch (BsonSerializationException error)
        {
            throw new TidemillException(ErrorCode.RowRejected, "A row is no BSON: it nests deeper than 100 levels.", error);
        }
    }

    private void WriteId(BsonBinaryWriter writer, CellBson[] cells, int row)
    {
        foreach (var column in _id.Where(column => cells[column].IsNull(row)))
        {
            throw new TidemillException(
                ErrorCode.RowRejected, $"Column {_schema.Fields[column].Name}, part of the document's _id, is NULL in a row.");
        }

        switch (_id)
        {
            case []:
                writer.WriteString(IdName, string.Create(
                    CultureInfo.InvariantCulture,
                    $"{cells[_position[0]].Text(row)}-{cells[_position[1]].Integer(row)}-{cells[_position[2]].Integer(row)}"));
                break;
            case [var only]:
                cells[only].Write(writer, IdName, row);
                break;
            default:
                writer.WriteStartDocument(IdName);
                foreach (var column in _id)
                    cells[column].Write(writer, row);

                writer.WriteEndDocument();
                break;
        }
    }
}
