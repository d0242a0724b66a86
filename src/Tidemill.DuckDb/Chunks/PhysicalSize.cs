namespace Tidemill.DuckDb;

/// <summary>Bytes of a cell by type; 0 for types that only have children.</summary>
internal static class PhysicalSize
{
    public static int Of(LogicalType type) => type.TypeId switch
    {
        DuckDbTypeId.BigInt or DuckDbTypeId.Timestamp or DuckDbTypeId.TimestampTz or DuckDbTypeId.Double
            or DuckDbTypeId.UBigInt or DuckDbTypeId.TimestampS or DuckDbTypeId.TimestampMs or DuckDbTypeId.TimestampNs
            or DuckDbTypeId.TimestampTzNs or DuckDbTypeId.Time or DuckDbTypeId.TimeNs or DuckDbTypeId.TimeTz => 8,
        DuckDbTypeId.Varchar or DuckDbTypeId.Blob or DuckDbTypeId.Bit or DuckDbTypeId.BigNum
            or DuckDbTypeId.Geometry => 16,
        DuckDbTypeId.HugeInt or DuckDbTypeId.UHugeInt or DuckDbTypeId.Uuid or DuckDbTypeId.Interval => 16,
        DuckDbTypeId.List or DuckDbTypeId.Map => 16,
        DuckDbTypeId.Integer or DuckDbTypeId.UInteger or DuckDbTypeId.Float or DuckDbTypeId.Date
            or DuckDbTypeId.SqlNull => 4,
        DuckDbTypeId.SmallInt or DuckDbTypeId.USmallInt => 2,
        DuckDbTypeId.Boolean or DuckDbTypeId.TinyInt or DuckDbTypeId.UTinyInt => 1,
        DuckDbTypeId.Decimal => OfDecimal(type.Width),
        DuckDbTypeId.Enum => OfEnum(type.Labels.Length),
        _ => 0,
    };

    public static int OfDecimal(int width) => width switch { <= 4 => 2, <= 9 => 4, <= 18 => 8, _ => 16 };

    public static int OfEnum(int labels) => labels switch { <= 0xFF => 1, <= 0xFFFF => 2, _ => 4 };
}
