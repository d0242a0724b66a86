using System.Collections;
using System.Globalization;
using System.Numerics;

namespace Tidemill.DuckDb;

public readonly unsafe partial struct Vector
{
    public void SetGuid(int row, Guid value) => Data<Int128>()[row] = DuckDbUuid.FromGuid(value);

    /// <summary>Writes a DECIMAL cell, rescaled to the column's scale.</summary>
    /// <exception cref="OverflowException">The number does not fit, or has more decimal places than the column.</exception>
    public void SetDecimal(int row, DuckDbDecimal value)
    {
        var unscaled = value.Rescale(Type.Width, Type.Scale).Unscaled;
        switch (PhysicalSize.OfDecimal(Type.Width))
        {
            case 2: Data<short>()[row] = (short)unscaled; break;
            case 4: Data<int>()[row] = (int)unscaled; break;
            case 8: Data<long>()[row] = (long)unscaled; break;
            default: Data<Int128>()[row] = unscaled; break;
        }
    }

    /// <summary>Writes an ENUM cell by its label's position.</summary>
    public void SetEnumIndex(int row, int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Type.Labels.Length, nameof(index));
        switch (PhysicalSize.OfEnum(Type.Labels.Length))
        {
            case 1: Data<byte>()[row] = (byte)index; break;
            case 2: Data<ushort>()[row] = (ushort)index; break;
            default: Data<uint>()[row] = (uint)index; break;
        }
    }

    /// <summary>
    /// Writes an object of the kinds <see cref="GetValue"/> returns, null for NULL; numbers convert when they fit. For
    /// consoles and tests, not for many rows. List elements are added behind those already there.
    /// </summary>
    /// <exception cref="InvalidCastException">The value is of another kind.</exception>
    /// <exception cref="OverflowException">A number does not fit.</exception>
    public void SetValue(int row, object? value)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Capacity, nameof(row));
        if (value is null or DBNull)
        {
            SetNull(row);
            return;
        }
        SetValid(row);
        switch (TypeId)
        {
            case DuckDbTypeId.Varchar: SetString(row, (string)value); break;
            case DuckDbTypeId.Blob or DuckDbTypeId.Geometry: SetBytes(row, (byte[])value); break;
            case DuckDbTypeId.Bit: SetBytes(row, DuckDbBit.FromText((string)value)); break;
            case DuckDbTypeId.BigNum: SetBytes(row, DuckDbBigNum.FromBigInteger((BigInteger)value)); break;
            case DuckDbTypeId.Uuid: SetGuid(row, (Guid)value); break;
            case DuckDbTypeId.Enum: SetLabel(row, (string)value); break;
            case DuckDbTypeId.Decimal: SetDecimal(row, ToDecimal(value)); break;
            case DuckDbTypeId.Boolean: Data<byte>()[row] = (bool)value ? (byte)1 : (byte)0; break;
            case DuckDbTypeId.List: SetList(row, (IEnumerable)value); break;
            case DuckDbTypeId.Array: SetArray(row, (IEnumerable)value); break;
            case DuckDbTypeId.Map: SetMap(row, (IEnumerable<KeyValuePair<object, object?>>)value); break;
            case DuckDbTypeId.Struct: SetStruct(row, (IEnumerable<KeyValuePair<string, object?>>)value); break;
            case DuckDbTypeId.Union: SetUnion(row, (DuckDbUnion)value); break;
            default:
                if (!TrySetNumber(row, value)) SetTemporal(row, value);
                break;
        }
    }

    private bool TrySetNumber(int row, object value)
    {
        var culture = CultureInfo.InvariantCulture;
        switch (TypeId)
        {
            case DuckDbTypeId.TinyInt: Data<sbyte>()[row] = Convert.ToSByte(value, culture); break;
            case DuckDbTypeId.SmallInt: Data<short>()[row] = Convert.ToInt16(value, culture); break;
            case DuckDbTypeId.Integer: Data<int>()[row] = Convert.ToInt32(value, culture); break;
            case DuckDbTypeId.BigInt: Data<long>()[row] = Convert.ToInt64(value, culture); break;
            case DuckDbTypeId.UTinyInt: Data<byte>()[row] = Convert.ToByte(value, culture); break;
            case DuckDbTypeId.USmallInt: Data<ushort>()[row] = Convert.ToUInt16(value, culture); break;
            case DuckDbTypeId.UInteger: Data<uint>()[row] = Convert.ToUInt32(value, culture); break;
            case DuckDbTypeId.UBigInt: Data<ulong>()[row] = Convert.ToUInt64(value, culture); break;
            case DuckDbTypeId.HugeInt:
                Data<Int128>()[row] = value switch
                {
                    Int128 huge => huge,
                    BigInteger whole => (Int128)whole,
                    _ => Convert.ToInt64(value, culture),
                };
                break;
            case DuckDbTypeId.UHugeInt:
                Data<UInt128>()[row] = value switch
                {
                    UInt128 unsigned => unsigned,
                    BigInteger whole => (UInt128)whole,
                    _ => Convert.ToUInt64(value, culture),
                };
                break;
            case DuckDbTypeId.Float: Data<float>()[row] = Convert.ToSingle(value, culture); break;
            case DuckDbTypeId.Double: Data<double>()[row] = Convert.ToDouble(value, culture); break;
            default: return false;
        }
        return true;
    }

    private void SetTemporal(int row, object value)
    {
        switch (TypeId)
        {
            case DuckDbTypeId.Date:
                Data<int>()[row] = value is DateOnly date ? DuckDbDate.FromDateOnly(date).Days : ((DuckDbDate)value).Days;
                break;
            case DuckDbTypeId.Time:
                Data<long>()[row] = (value is TimeOnly time ? time.Ticks : ((TimeSpan)value).Ticks)
                    / TimeSpan.TicksPerMicrosecond;
                break;
            case DuckDbTypeId.TimeNs: Data<long>()[row] = ((DuckDbTimeNs)value).Nanos; break;
            case DuckDbTypeId.TimeTz: Data<ulong>()[row] = ((DuckDbTimeTz)value).ToCell(); break;
            case DuckDbTypeId.Timestamp or DuckDbTypeId.TimestampTz: Data<long>()[row] = ToTimestamp(value).Micros; break;
            case DuckDbTypeId.TimestampS: Data<long>()[row] = ToTimestamp(value).ToUnits(1_000_000); break;
            case DuckDbTypeId.TimestampMs: Data<long>()[row] = ToTimestamp(value).ToUnits(1000); break;
            case DuckDbTypeId.TimestampNs or DuckDbTypeId.TimestampTzNs:
                Data<long>()[row] = value is DateTime moment
                    ? DuckDbTimestampNs.FromDateTime(moment).Nanos
                    : ((DuckDbTimestampNs)value).Nanos;
                break;
            case DuckDbTypeId.Interval:
                Data<DuckDbInterval>()[row] = value is TimeSpan span
                    ? new(0, 0, span.Ticks / TimeSpan.TicksPerMicrosecond)
                    : (DuckDbInterval)value;
                break;
            default: throw new NotSupportedException($"Values of {Type} cannot be written; write text and cast it in SQL.");
        }
    }

    private static DuckDbTimestamp ToTimestamp(object value) => value switch
    {
        DateTime time => DuckDbTimestamp.FromDateTime(time),
        DateTimeOffset instant => DuckDbTimestamp.FromDateTimeOffset(instant),
        DuckDbTimestampTz far => new(far.Micros),
        _ => (DuckDbTimestamp)value,
    };

    private static DuckDbDecimal ToDecimal(object value) => value switch
    {
        DuckDbDecimal number => number,
        Int128 whole => new(whole, 38, 0),
        BigInteger whole => new((Int128)whole, 38, 0),
        _ => DuckDbDecimal.FromDecimal(Convert.ToDecimal(value, CultureInfo.InvariantCulture)),
    };

    private void SetLabel(int row, string label)
    {
        var index = Type.Labels.IndexOf(label);
        SetEnumIndex(row, index >= 0 ? index : throw new InvalidCastException($"{Type} has no such label."));
    }

    private void SetList(int row, IEnumerable values)
    {
        var items = values.Cast<object?>().ToArray();
        var child = AddElements(row, items.Length, out var offset);
        for (var i = 0; i < items.Length; i++) child.SetValue(offset + i, items[i]);
    }

    private void SetMap(int row, IEnumerable<KeyValuePair<object, object?>> pairs)
    {
        var items = pairs.ToArray();
        var entries = AddElements(row, items.Length, out var offset);
        for (var i = 0; i < items.Length; i++)
        {
            entries.SetValid(offset + i);
            entries.StructChild(0).SetValue(offset + i, items[i].Key);
            entries.StructChild(1).SetValue(offset + i, items[i].Value);
        }
    }

    /// <summary>Points a LIST or MAP row at new elements behind those in use and returns the child to write them.</summary>
    public Vector AddElements(int row, int count, out int offset)
    {
        offset = ListSize;
        Data<ListEntry>()[row] = new((ulong)offset, (ulong)count);
        return ReserveList(checked(offset + count));
    }

    private void SetArray(int row, IEnumerable values)
    {
        var items = values.Cast<object?>().ToArray();
        if (items.Length != Type.ArraySize) throw new InvalidCastException($"{Type} does not hold {items.Length} elements.");
        var child = ArrayChild();
        for (var i = 0; i < items.Length; i++) child.SetValue(row * Type.ArraySize + i, items[i]);
    }

    private void SetStruct(int row, IEnumerable<KeyValuePair<string, object?>> values)
    {
        var fields = values.ToDictionary(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < Type.Fields.Length; i++)
        {
            fields.Remove(Type.Fields[i].Name, out var value);
            StructChild(i).SetValue(row, value);
        }
        if (fields.Count > 0) throw new InvalidCastException($"{Type} has no field {fields.Keys.First()}.");
    }

    private void SetUnion(int row, DuckDbUnion value)
    {
        var tag = Type.Fields.Select(field => field.Name).ToList().IndexOf(value.Tag);
        if (tag < 0) throw new InvalidCastException($"{Type} has no member {value.Tag}.");
        var tags = UnionTags();
        tags.SetValid(row);
        tags.Data<byte>()[row] = (byte)tag;
        for (var i = 0; i < Type.Fields.Length; i++) StructChild(i).SetValue(row, i == tag ? value.Value : null);
    }
}
