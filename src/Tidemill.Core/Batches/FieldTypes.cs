using System.Collections.Immutable;
using Tidemill.Core.Schemas;
using Tidemill.DuckDb;

namespace Tidemill.Core.Batches;

/// <summary>Field types as DuckDB's types, and back.</summary>
public static class FieldTypes
{
    /// <summary>The type of the vectors that hold the field; JSON is a VARCHAR under another name.</summary>
    public static LogicalType ToLogical(this FieldType type) => type.Kind switch
    {
        FieldKind.Boolean => LogicalType.Boolean,
        FieldKind.Int8 => LogicalType.TinyInt,
        FieldKind.Int16 => LogicalType.SmallInt,
        FieldKind.Int32 => LogicalType.Integer,
        FieldKind.Int64 => LogicalType.BigInt,
        FieldKind.UInt8 => LogicalType.UTinyInt,
        FieldKind.UInt16 => LogicalType.USmallInt,
        FieldKind.UInt32 => LogicalType.UInteger,
        FieldKind.UInt64 => LogicalType.UBigInt,
        FieldKind.HugeInt => LogicalType.HugeInt,
        FieldKind.Float => LogicalType.Float,
        FieldKind.Double => LogicalType.Double,
        FieldKind.Decimal => LogicalType.Decimal(type.Precision, type.Scale),
        FieldKind.Text => LogicalType.Varchar,
        FieldKind.Json => LogicalType.Json,
        FieldKind.Uuid => LogicalType.Uuid,
        FieldKind.Blob => LogicalType.Blob,
        FieldKind.Date => LogicalType.Date,
        FieldKind.Time => LogicalType.Time,
        FieldKind.Timestamp => LogicalType.Timestamp,
        FieldKind.TimestampTz => LogicalType.TimestampTz,
        FieldKind.Interval => LogicalType.Interval,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type.Kind, "No vector holds this kind."),
    };

    /// <summary>The field type that a vector type stands for; null for nested and other types without one.</summary>
    public static FieldType? FromLogical(LogicalType type)
    {
        ArgumentNullException.ThrowIfNull(type);
        return type.TypeId switch
        {
            DuckDbTypeId.Boolean => new(FieldKind.Boolean),
            DuckDbTypeId.TinyInt => new(FieldKind.Int8),
            DuckDbTypeId.SmallInt => new(FieldKind.Int16),
            DuckDbTypeId.Integer => new(FieldKind.Int32),
            DuckDbTypeId.BigInt => new(FieldKind.Int64),
            DuckDbTypeId.UTinyInt => new(FieldKind.UInt8),
            DuckDbTypeId.USmallInt => new(FieldKind.UInt16),
            DuckDbTypeId.UInteger => new(FieldKind.UInt32),
            DuckDbTypeId.UBigInt => new(FieldKind.UInt64),
            DuckDbTypeId.HugeInt => new(FieldKind.HugeInt),
            DuckDbTypeId.Float => new(FieldKind.Float),
            DuckDbTypeId.Double => new(FieldKind.Double),
            DuckDbTypeId.Decimal => new(FieldKind.Decimal, type.Width, type.Scale),
            DuckDbTypeId.Varchar when type.Alias is null => new(FieldKind.Text),
            DuckDbTypeId.Varchar when type.Alias == "JSON" => new(FieldKind.Json),
            DuckDbTypeId.Uuid => new(FieldKind.Uuid),
            DuckDbTypeId.Blob => new(FieldKind.Blob),
            DuckDbTypeId.Date => new(FieldKind.Date),
            DuckDbTypeId.Time => new(FieldKind.Time),
            DuckDbTypeId.Timestamp => new(FieldKind.Timestamp),
            DuckDbTypeId.TimestampTz => new(FieldKind.TimestampTz),
            DuckDbTypeId.Interval => new(FieldKind.Interval),
            _ => null,
        };
    }

    /// <summary>The vector types of a schema's columns, for <see cref="DataChunk.Create(ImmutableArray{LogicalType})"/>.</summary>
    public static ImmutableArray<LogicalType> ToLogical(this Schema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        return [.. schema.Fields.Select(field => field.Type.ToLogical())];
    }
}
