using System.Globalization;
using System.Text;
using MongoDB.Bson;
using MongoDB.Bson.IO;
using MongoDB.Bson.Serialization;
using MongoDB.Bson.Serialization.Serializers;
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
    private const int MaxScale = 6176;
    private const int MantissaBits = 113;
    private static readonly Int128 LargestMantissa = Int128.Parse(new string('9', 34), CultureInfo.InvariantCulture);

    private readonly string _name;
    private readonly FieldKind _kind;
    private readonly VectorCursor _cells;

    public CellBson(Vector vector, Field field) => (_name, _kind, _cells) = (field.Name, field.Type.Kind, new VectorCursor(vector));

    public bool IsNull(int row) => _cells.IsNull(row);

    /// <summary>Writes the cell under the column's name. RowRejected when BSON has no place for the value.</summary>
    public void Write(BsonBinaryWriter writer, int row) => Write(writer, _name, row);

    public void Write(BsonBinaryWriter writer, string name, int row)
    {
        writer.WriteName(name);
        if (IsNull(row))
        {
            writer.WriteNull();
            return;
        }

        switch (_kind)
        {
            case FieldKind.Boolean: writer.WriteBoolean(_cells.Data[row] != 0); break;
            case FieldKind.Int8 or FieldKind.Int16 or FieldKind.Int32 or FieldKind.UInt8 or FieldKind.UInt16:
                writer.WriteInt32((int)Integer(row));
                break;
            case FieldKind.UInt32 or FieldKind.Int64: writer.WriteInt64(Integer(row)); break;
            case FieldKind.UInt64 when Integer(row) >= 0: writer.WriteInt64(Integer(row)); break;
            case FieldKind.UInt64 or FieldKind.HugeInt or FieldKind.Decimal: writer.WriteDecimal128(Decimal(_cells.Huge(row))); break;
            case FieldKind.Float: writer.WriteDouble(((float*)_cells.Data)[row]); break;
            case FieldKind.Double: writer.WriteDouble(((double*)_cells.Data)[row]); break;
            case FieldKind.Text: writer.WriteString(Text(row)); break;
            case FieldKind.Json:
                BsonValueSerializer.Instance.Serialize(BsonSerializationContext.CreateRoot(writer), Json(row));
                break;
            case FieldKind.Blob: writer.WriteBytes(_cells.Bytes(row).ToArray()); break;
            case FieldKind.Uuid:
                writer.WriteBinaryData(new(DuckDbUuid.ToGuid(((Int128*)_cells.Data)[row]), GuidRepresentation.Standard));
                break;
            default: Time(writer, row); break;
        }
    }

    /// <summary>The cell of a text column.</summary>
    public string Text(int row) => Encoding.UTF8.GetString(_cells.Bytes(row));

    public long Integer(int row) => _cells.Integer(row);

    /// <summary>IEEE 754-2008 decimal128 in its binary form: sign, exponent biased by 6176, mantissa of 113 bits.</summary>
    private Decimal128 Decimal(Int128 unscaled)
    {
        if (unscaled > LargestMantissa || unscaled < -LargestMantissa)
            throw Rejected("a number of more than 34 digits, which BSON cannot hold");

        var bits = (UInt128)Int128.Abs(
            unscaled) | ((UInt128)(MaxScale - _cells.Scale) << MantissaBits) | ((UInt128)(unscaled < 0 ? 1 : 0) << 127);
        return Decimal128.FromIEEEBits((ulong)(bits >> 64), (ulong)bits);
    }

    private BsonValue Json(int row)
    {
        try
        {
            return ExtendedJson.ParseValue(_cells.Bytes(row));
        }
        catch (FormatException error)
        {
            throw Rejected($"JSON that is no BSON: {error.Message}");
        }
    }

    private void Time(BsonBinaryWriter writer, int row)
    {
        switch (_kind)
        {
            case FieldKind.Date:
                var days = Integer(row);
                writer.WriteDateTime(days is int.MaxValue or -int.MaxValue ? throw Rejected("an infinite date") : days * 86_400_000L);
                break;
            case FieldKind.Time:
                var time = TimeSpan.FromMicroseconds(Integer(row));
                writer.WriteString(
                    time.Days == 1 ? "24:00:00.000000" : time.ToString(@"hh\:mm\:ss\.ffffff", CultureInfo.InvariantCulture));
                break;
            case FieldKind.Interval:
                ref var interval = ref ((DuckDbInterval*)_cells.Data)[row];
                writer.WriteStartDocument();
                writer.WriteInt32("months", interval.Months);
                writer.WriteInt32("days", interval.Days);
                writer.WriteInt64("micros", interval.Micros);
                writer.WriteEndDocument();
                break;
            default:
                var micros = Integer(row);
                writer.WriteDateTime(
                    micros is long.MaxValue or -long.MaxValue ? throw Rejected("an infinite timestamp") : Milliseconds(micros));
                break;
        }
    }

    /// <summary>Rounds down, before 1970 too.</summary>
    private static long Milliseconds(long micros) => (micros / 1000) - (micros % 1000 < 0 ? 1 : 0);

    private TidemillException Rejected(string what) => new(ErrorCode.RowRejected, $"Column {_name}: a row holds {what}.");
}
