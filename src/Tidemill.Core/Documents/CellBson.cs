using System.Globalization;
using System.Text;
using Tidemill.Core.Documents.Bson;
using Tidemill.Core.Errors;
using Tidemill.Core.Schemas;
using Tidemill.DuckDb;

namespace Tidemill.Core.Documents;

/// <summary>
/// One column of a chunk as BSON elements, read straight from the vector's memory. SAFETY: valid while the chunk is neither
/// reset nor disposed; used by one thread.
/// <code>
/// BOOLEAN bool; integers int32, int64, UBIGINT beyond int64 and HUGEINT decimal128; FLOAT, DOUBLE double; DECIMAL decimal128
/// VARCHAR text; JSON what it holds (Extended JSON too); UUID binary subtype 4; BLOB binary subtype 0
/// DATE, TIMESTAMP, TIMESTAMPTZ date, microseconds cut to milliseconds; TIME text 10:00:00.000001
/// INTERVAL {months, days, micros}; NULL null
/// </code>
/// </summary>
internal readonly unsafe struct CellBson
{
    private readonly byte[] _name;
    private readonly FieldKind _kind;
    private readonly VectorCursor _cells;

    public CellBson(Vector vector, Field field, byte[] name) => (_name, _kind, _cells) = (name, field.Type.Kind, new VectorCursor(vector));

    public bool IsNull(int row) => _cells.IsNull(row);

    /// <summary>Writes the cell under the column's name. RowRejected when BSON has no place for the value.</summary>
    public void Write(BsonWriter writer, int row) => Write(writer, _name, row);

    public void Write(BsonWriter writer, byte[] name, int row)
    {
        if (IsNull(row))
        {
            writer.Null(name);
            return;
        }

        switch (_kind)
        {
            case FieldKind.Boolean: writer.Boolean(name, _cells.Data[row] != 0); break;
            case FieldKind.Int8 or FieldKind.Int16 or FieldKind.Int32 or FieldKind.UInt8 or FieldKind.UInt16:
                writer.Int32(name, (int)Integer(row));
                break;
            case FieldKind.UInt32 or FieldKind.Int64: writer.Int64(name, Integer(row)); break;
            case FieldKind.UInt64 when Integer(row) >= 0: writer.Int64(name, Integer(row)); break;
            case FieldKind.UInt64: Decimal(writer, name, _cells.Huge(row)); break;
            case FieldKind.HugeInt or FieldKind.Decimal: Decimal(writer, name, _cells.Huge(row)); break;
            case FieldKind.Float: writer.Double(name, ((float*)_cells.Data)[row]); break;
            case FieldKind.Double: writer.Double(name, ((double*)_cells.Data)[row]); break;
            case FieldKind.Text: writer.Text(name, Bytes(row)); break;
            case FieldKind.Json: Json(writer, name, row); break;
            case FieldKind.Blob: writer.Binary(name, 0, Bytes(row)); break;
            case FieldKind.Uuid: writer.Uuid(name, DuckDbUuid.ToGuid(((Int128*)_cells.Data)[row])); break;
            default: Time(writer, name, row); break;
        }
    }

    /// <summary>The cell of a text column.</summary>
    public ReadOnlySpan<byte> Bytes(int row) => _cells.Bytes(row);

    public long Integer(int row) => _cells.Integer(row);

    private void Decimal(BsonWriter writer, ReadOnlySpan<byte> name, Int128 unscaled) => writer.Decimal(
        name, Decimal128.TryCreate(unscaled, _cells.Scale, out var value)
            ? value
            : throw Rejected("a number of more than 34 digits, which BSON cannot hold"));

    private void Json(BsonWriter writer, byte[] name, int row)
    {
        try
        {
            ExtendedJsonParser.ParseElement(name, Bytes(row), writer);
        }
        catch (FormatException error)
        {
            throw Rejected($"JSON that is no BSON: {error.Message}");
        }
    }

    private void Time(BsonWriter writer, ReadOnlySpan<byte> name, int row)
    {
        switch (_kind)
        {
            case FieldKind.Date:
                var days = Integer(row);
                writer.Date(name, days is int.MaxValue or -int.MaxValue ? throw Rejected("an infinite date") : days * 86_400_000L);
                break;
            case FieldKind.Time:
                var time = TimeSpan.FromMicroseconds(Integer(row));
                writer.Text(name, Encoding.ASCII.GetBytes(
                    time.Days == 1 ? "24:00:00.000000" : time.ToString(@"hh\:mm\:ss\.ffffff", CultureInfo.InvariantCulture)));
                break;
            case FieldKind.Interval:
                ref var interval = ref ((DuckDbInterval*)_cells.Data)[row];
                var mark = writer.Begin(BsonType.Document, name);
                writer.Int32("months"u8, interval.Months);
                writer.Int32("days"u8, interval.Days);
                writer.Int64("micros"u8, interval.Micros);
                writer.End(mark);
                break;
            default:
                var micros = Integer(row);
                writer.Date(
                    name, micros is long.MaxValue or -long.MaxValue ? throw Rejected("an infinite timestamp") : Milliseconds(micros));
                break;
        }
    }

    /// <summary>Rounds down, before 1970 too.</summary>
    private static long Milliseconds(long micros) => (micros / 1000) - (micros % 1000 < 0 ? 1 : 0);

    private TidemillException Rejected(string what) =>
        new(ErrorCode.RowRejected, $"Column {Encoding.UTF8.GetString(_name)}: a row holds {what}.");
}
