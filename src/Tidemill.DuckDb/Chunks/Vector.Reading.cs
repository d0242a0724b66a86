namespace Tidemill.DuckDb;

public readonly unsafe partial struct Vector
{
    /// <summary>A UUID cell.</summary>
    public Guid GetGuid(int row) => DuckDbUuid.ToGuid(Data<Int128>()[row]);

    /// <summary>A DECIMAL cell of any width.</summary>
    public DuckDbDecimal GetDecimal(int row)
    {
        Int128 unscaled = PhysicalSize.OfDecimal(Type.Width) switch
        {
            2 => Data<short>()[row],
            4 => Data<int>()[row],
            8 => Data<long>()[row],
            _ => Data<Int128>()[row],
        };
        return new(unscaled, Type.Width, Type.Scale);
    }

    /// <summary>The position of an ENUM cell's label in <see cref="LogicalType.Labels"/>.</summary>
    public int GetEnumIndex(int row) => PhysicalSize.OfEnum(Type.Labels.Length) switch
    {
        1 => Data<byte>()[row],
        2 => Data<ushort>()[row],
        _ => (int)Data<uint>()[row],
    };

    /// <summary>
    /// The cell as an object, null for NULL; for consoles and tests, not for many rows.
    /// <para>
    /// Numbers, bool, string, byte[] (BLOB), Guid, DateOnly, DateTime (TIMESTAMP of s, ms, us), DateTimeOffset in UTC,
    /// TimeOnly come as .NET's types; DECIMAL as decimal up to 28 digits, else <see cref="DuckDbDecimal"/>; dates and
    /// timestamps beyond .NET's range, infinities too, as <see cref="DuckDbDate"/>, <see cref="DuckDbTimestamp"/> and
    /// <see cref="DuckDbTimestampTz"/>; TIME 24:00 as TimeSpan; ENUM and BIT as string; LIST and ARRAY as object?[]; STRUCT as
    /// OrderedDictionary&lt;string, object?&gt;; MAP as KeyValuePair&lt;object, object?&gt;[].
    /// </para>
    /// </summary>
    /// <exception cref="NotSupportedException">The type has no .NET form (VARIANT).</exception>
    public object? GetValue(int row)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Capacity, nameof(row));
        if (TypeId == DuckDbTypeId.SqlNull || IsNull(row)) return null;
        return TypeId switch
        {
            DuckDbTypeId.Boolean => Data<byte>()[row] != 0,
            DuckDbTypeId.TinyInt => Data<sbyte>()[row],
            DuckDbTypeId.SmallInt => Data<short>()[row],
            DuckDbTypeId.Integer => Data<int>()[row],
            DuckDbTypeId.BigInt => Data<long>()[row],
            DuckDbTypeId.UTinyInt => Data<byte>()[row],
            DuckDbTypeId.USmallInt => Data<ushort>()[row],
            DuckDbTypeId.UInteger => Data<uint>()[row],
            DuckDbTypeId.UBigInt => Data<ulong>()[row],
            DuckDbTypeId.HugeInt => Data<Int128>()[row],
            DuckDbTypeId.UHugeInt => Data<UInt128>()[row],
            DuckDbTypeId.Float => Data<float>()[row],
            DuckDbTypeId.Double => Data<double>()[row],
            DuckDbTypeId.Decimal => Boxed(GetDecimal(row)),
            DuckDbTypeId.Varchar => GetString(row),
            DuckDbTypeId.Blob or DuckDbTypeId.Geometry => GetBytes(row).ToArray(),
            DuckDbTypeId.Bit => DuckDbBit.ToText(GetBytes(row)),
            DuckDbTypeId.BigNum => DuckDbBigNum.ToBigInteger(GetBytes(row)),
            DuckDbTypeId.Uuid => GetGuid(row),
            DuckDbTypeId.Enum => Type.Labels[GetEnumIndex(row)],
            DuckDbTypeId.List or DuckDbTypeId.Array or DuckDbTypeId.Struct or DuckDbTypeId.Map or DuckDbTypeId.Union =>
                GetNested(row),
            _ => GetTemporal(row),
        };
    }

    private static object Boxed(DuckDbDecimal value) =>
        value.Width <= 28 && value.TryToDecimal(out var small) ? small : value;

    private object GetTemporal(int row) => TypeId switch
    {
        DuckDbTypeId.Date => Boxed(new DuckDbDate(Data<int>()[row])),
        DuckDbTypeId.Time => Time(Data<long>()[row]),
        DuckDbTypeId.TimeNs => new DuckDbTimeNs(Data<long>()[row]),
        DuckDbTypeId.TimeTz => DuckDbTimeTz.FromCell(Data<ulong>()[row]),
        DuckDbTypeId.Timestamp => Boxed(new DuckDbTimestamp(Data<long>()[row])),
        DuckDbTypeId.TimestampS => Boxed(DuckDbTimestamp.FromUnits(Data<long>()[row], 1_000_000)),
        DuckDbTypeId.TimestampMs => Boxed(DuckDbTimestamp.FromUnits(Data<long>()[row], 1000)),
        DuckDbTypeId.TimestampNs or DuckDbTypeId.TimestampTzNs => new DuckDbTimestampNs(Data<long>()[row]),
        DuckDbTypeId.TimestampTz => new DuckDbTimestamp(Data<long>()[row]) is var instant
            && instant.TryToDateTime(out var value) ? new DateTimeOffset(value, TimeSpan.Zero) : new DuckDbTimestampTz(instant.Micros),
        DuckDbTypeId.Interval => Data<DuckDbInterval>()[row],
        _ => throw new NotSupportedException($"Values of {Type} cannot be read; cast them in SQL."),
    };

    private static object Boxed(DuckDbDate value) => value.TryToDateOnly(out var date) ? date : value;

    private static object Boxed(DuckDbTimestamp value) => value.TryToDateTime(out var time) ? time : value;

    private static object Time(long micros) => micros < TimeSpan.MicrosecondsPerDay
        ? new TimeOnly(micros * TimeSpan.TicksPerMicrosecond)
        : TimeSpan.FromMicroseconds(micros);

    private object GetNested(int row)
    {
        switch (TypeId)
        {
            case DuckDbTypeId.List:
                {
                    var entry = Data<ListEntry>()[row];
                    return Elements(ListChild(), (int)entry.Offset, (int)entry.Length);
                }
            case DuckDbTypeId.Array:
                return Elements(ArrayChild(), row * Type.ArraySize, Type.ArraySize);
            case DuckDbTypeId.Map:
                return MapEntries(Data<ListEntry>()[row]);
            case DuckDbTypeId.Union:
                {
                    var tag = UnionTags().Data<byte>()[row];
                    return new DuckDbUnion(Type.Fields[tag].Name, StructChild(tag).GetValue(row));
                }
            default:
                {
                    var fields = new OrderedDictionary<string, object?>(Type.Fields.Length);
                    for (var i = 0; i < Type.Fields.Length; i++) fields[Type.Fields[i].Name] = StructChild(i).GetValue(row);
                    return fields;
                }
        }
    }

    private static object?[] Elements(Vector child, int offset, int length)
    {
        var elements = new object?[length];
        for (var i = 0; i < length; i++) elements[i] = child.GetValue(offset + i);
        return elements;
    }

    private KeyValuePair<object, object?>[] MapEntries(ListEntry entry)
    {
        var entries = ListChild();
        var (keys, values) = (entries.StructChild(0), entries.StructChild(1));
        var pairs = new KeyValuePair<object, object?>[(int)entry.Length];
        for (var i = 0; i < pairs.Length; i++)
        {
            var element = (int)entry.Offset + i;
            pairs[i] = new(keys.GetValue(element)!, values.GetValue(element));
        }
        return pairs;
    }
}
