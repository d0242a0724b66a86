using System.Globalization;

namespace Tidemill.Core.Schemas;

/// <summary>The scalar kinds a stream's field or a table's column can have.</summary>
public enum FieldKind
{
    Boolean,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    HugeInt,
    Float,
    Double,
    Decimal,
    Text,
    Json,
    Uuid,
    Blob,
    Date,
    Time,

    /// <summary>Microseconds since 1970-01-01T00:00:00, UTC by convention, without a zone.</summary>
    Timestamp,

    /// <summary>Microseconds since 1970-01-01T00:00:00Z.</summary>
    TimestampTz,
    Interval,
}

/// <summary>A column type. Precision and scale are used by <see cref="FieldKind.Decimal"/> only (1..38 digits).</summary>
public readonly record struct FieldType(FieldKind Kind, int Precision = 0, int Scale = 0)
{
    private static readonly Dictionary<string, FieldKind> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        ["boolean"] = FieldKind.Boolean,
        ["bool"] = FieldKind.Boolean,
        ["tinyint"] = FieldKind.Int8,
        ["smallint"] = FieldKind.Int16,
        ["int2"] = FieldKind.Int16,
        ["integer"] = FieldKind.Int32,
        ["int"] = FieldKind.Int32,
        ["int4"] = FieldKind.Int32,
        ["bigint"] = FieldKind.Int64,
        ["long"] = FieldKind.Int64,
        ["int8"] = FieldKind.Int64,
        ["utinyint"] = FieldKind.UInt8,
        ["usmallint"] = FieldKind.UInt16,
        ["uinteger"] = FieldKind.UInt32,
        ["ubigint"] = FieldKind.UInt64,
        ["hugeint"] = FieldKind.HugeInt,
        ["float"] = FieldKind.Float,
        ["real"] = FieldKind.Float,
        ["float4"] = FieldKind.Float,
        ["double"] = FieldKind.Double,
        ["double precision"] = FieldKind.Double,
        ["float8"] = FieldKind.Double,
        ["text"] = FieldKind.Text,
        ["varchar"] = FieldKind.Text,
        ["string"] = FieldKind.Text,
        ["json"] = FieldKind.Json,
        ["jsonb"] = FieldKind.Json,
        ["uuid"] = FieldKind.Uuid,
        ["blob"] = FieldKind.Blob,
        ["bytea"] = FieldKind.Blob,
        ["bytes"] = FieldKind.Blob,
        ["date"] = FieldKind.Date,
        ["time"] = FieldKind.Time,
        ["timestamp"] = FieldKind.Timestamp,
        ["timestamp without time zone"] = FieldKind.Timestamp,
        ["timestamptz"] = FieldKind.TimestampTz,
        ["timestamp with time zone"] = FieldKind.TimestampTz,
        ["interval"] = FieldKind.Interval,
    };

    /// <summary>Reads a SQL type name as DuckDB or PostgreSQL spell it; <c>numeric</c> without digits is numeric(18,2).</summary>
    public static bool TryParse(string text, out FieldType type)
    {
        ArgumentNullException.ThrowIfNull(text);
        var name = text.Trim();
        if (Names.TryGetValue(name, out var kind))
        {
            type = new FieldType(kind);
            return true;
        }

        return TryParseDecimal(name, out type);
    }

    /// <summary>The type's name in DuckDB's SQL.</summary>
    public override string ToString() => Kind switch
    {
        FieldKind.Boolean => "BOOLEAN",
        FieldKind.Int8 => "TINYINT",
        FieldKind.Int16 => "SMALLINT",
        FieldKind.Int32 => "INTEGER",
        FieldKind.Int64 => "BIGINT",
        FieldKind.UInt8 => "UTINYINT",
        FieldKind.UInt16 => "USMALLINT",
        FieldKind.UInt32 => "UINTEGER",
        FieldKind.UInt64 => "UBIGINT",
        FieldKind.HugeInt => "HUGEINT",
        FieldKind.Float => "FLOAT",
        FieldKind.Double => "DOUBLE",
        FieldKind.Decimal => string.Create(CultureInfo.InvariantCulture, $"DECIMAL({Precision},{Scale})"),
        FieldKind.Text => "VARCHAR",
        FieldKind.Json => "JSON",
        FieldKind.Uuid => "UUID",
        FieldKind.Blob => "BLOB",
        FieldKind.Date => "DATE",
        FieldKind.Time => "TIME",
        FieldKind.Timestamp => "TIMESTAMP",
        FieldKind.TimestampTz => "TIMESTAMP WITH TIME ZONE",
        FieldKind.Interval => "INTERVAL",
        _ => throw new InvalidOperationException($"Field kind {Kind} has no name."),
    };

    private static bool TryParseDecimal(string name, out FieldType type)
    {
        type = default;
        var open = name.IndexOf('(', StringComparison.Ordinal);
        var word = (open < 0 ? name : name[..open]).TrimEnd();
        if (!word.Equals("decimal", StringComparison.OrdinalIgnoreCase) && !word.Equals("numeric", StringComparison.OrdinalIgnoreCase))
            return false;

        if (open < 0)
        {
            type = new FieldType(FieldKind.Decimal, 18, 2);
            return true;
        }

        var digits = name[(open + 1)..].TrimEnd(')', ' ').Split(',');
        if (!name.EndsWith(')') || digits.Length > 2 || !int.TryParse(digits[0], CultureInfo.InvariantCulture, out var precision))
            return false;

        var scale = 0;
        if (digits.Length == 2 && !int.TryParse(digits[1], CultureInfo.InvariantCulture, out scale))
            return false;

        type = new FieldType(FieldKind.Decimal, precision, scale);
        return precision is >= 1 and <= 38 && scale >= 0 && scale <= precision;
    }
}
