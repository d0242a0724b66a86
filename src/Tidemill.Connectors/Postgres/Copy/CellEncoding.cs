using Tidemill.Core.Schemas;

namespace Tidemill.Connectors.Postgres.Copy;

/// <summary>PostgreSQL's binary forms of a value (typsend and typreceive of each type), as COPY and parameters use them.</summary>
internal enum WireType
{
    Boolean,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric,

    /// <summary>text, varchar, bpchar, json: the bytes themselves.</summary>
    Text,

    /// <summary>Version byte 1, then the text.</summary>
    Jsonb,
    Uuid,
    Bytea,
    Date,
    Time,
    Timestamp,
    Interval,
}

/// <summary>How a vector's cell becomes a field of a COPY row.</summary>
internal enum CellEncoding
{
    Boolean,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    FloatAsFloat8,
    Numeric,
    Text,
    Jsonb,
    Uuid,
    Bytea,
    Date,
    Time,
    Timestamp,
    Interval,
}

/// <summary>Which vectors can be written as which binary type without loss.</summary>
internal static class CellEncodings
{
    /// <summary>The binary form of a column, by format_type's name without modifiers; null where there is none of ours.</summary>
    public static WireType? Wire(string typeName) => typeName switch
    {
        "boolean" => WireType.Boolean,
        "smallint" => WireType.Int2,
        "integer" => WireType.Int4,
        "bigint" => WireType.Int8,
        "real" => WireType.Float4,
        "double precision" => WireType.Float8,
        "numeric" => WireType.Numeric,
        "text" or "character varying" or "json" => WireType.Text,
        "jsonb" => WireType.Jsonb,
        "uuid" => WireType.Uuid,
        "bytea" => WireType.Bytea,
        "date" => WireType.Date,
        "time without time zone" => WireType.Time,
        "timestamp without time zone" or "timestamp with time zone" => WireType.Timestamp,
        "interval" => WireType.Interval,
        _ => null,
    };

    /// <summary>The encoding from a field to a column, or null when PostgreSQL itself must convert.</summary>
    public static CellEncoding? Find(FieldKind field, string typeName) => (field, Wire(typeName)) switch
    {
        (FieldKind.Boolean, WireType.Boolean) => CellEncoding.Boolean,
        (FieldKind.Int8 or FieldKind.UInt8 or FieldKind.Int16, WireType.Int2) => CellEncoding.Int2,
        (FieldKind.Int8 or FieldKind.UInt8 or FieldKind.Int16 or FieldKind.UInt16 or FieldKind.Int32, WireType.Int4) => CellEncoding.Int4,
        (FieldKind.Int8 or FieldKind.UInt8 or FieldKind.Int16 or FieldKind.UInt16 or FieldKind.Int32 or FieldKind.UInt32
            or FieldKind.Int64, WireType.Int8) => CellEncoding.Int8,
        (FieldKind.Float, WireType.Float4) => CellEncoding.Float4,
        (FieldKind.Float, WireType.Float8) => CellEncoding.FloatAsFloat8,
        (FieldKind.Double, WireType.Float8) => CellEncoding.Float8,
        (FieldKind.Int8 or FieldKind.Int16 or FieldKind.Int32 or FieldKind.Int64 or FieldKind.UInt8 or FieldKind.UInt16
            or FieldKind.UInt32 or FieldKind.UInt64 or FieldKind.HugeInt or FieldKind.Decimal, WireType.Numeric) => CellEncoding.Numeric,
        (FieldKind.Text or FieldKind.Json, WireType.Text) => CellEncoding.Text,
        (FieldKind.Text or FieldKind.Json, WireType.Jsonb) => CellEncoding.Jsonb,
        (FieldKind.Uuid, WireType.Uuid) => CellEncoding.Uuid,
        (FieldKind.Blob, WireType.Bytea) => CellEncoding.Bytea,
        (FieldKind.Date, WireType.Date) => CellEncoding.Date,
        (FieldKind.Time, WireType.Time) => CellEncoding.Time,
        (FieldKind.Timestamp, WireType.Timestamp) when typeName == "timestamp without time zone" => CellEncoding.Timestamp,
        (FieldKind.TimestampTz, WireType.Timestamp) when typeName == "timestamp with time zone" => CellEncoding.Timestamp,
        (FieldKind.Interval, WireType.Interval) => CellEncoding.Interval,
        _ => null,
    };

    /// <summary>Most bytes a cell takes, its length word included; 4 for those whose length varies.</summary>
    public static int FixedBytes(CellEncoding encoding) => 4 + encoding switch
    {
        CellEncoding.Text or CellEncoding.Jsonb or CellEncoding.Bytea => 0,
        CellEncoding.Numeric => NumericFormat.MaxBytes,
        CellEncoding.Uuid or CellEncoding.Interval => 16,
        _ => 8,
    };
}
