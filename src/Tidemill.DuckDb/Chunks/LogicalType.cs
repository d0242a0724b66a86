using System.Collections.Immutable;

namespace Tidemill.DuckDb;

/// <summary>A named child of a STRUCT or UNION type.</summary>
public sealed record TypeField(string Name, LogicalType Type);

/// <summary>
/// A DuckDB type as a plain value: immutable, compared by content, owning nothing native. <see cref="ToString"/>
/// gives the type as SQL writes it, for example <c>DECIMAL(18,2)</c> or <c>STRUCT("a" INTEGER)[]</c>.
/// </summary>
public sealed partial class LogicalType : IEquatable<LogicalType>
{
    private readonly string _sql;

    private LogicalType(DuckDbTypeId id, string sql)
    {
        TypeId = id;
        _sql = sql;
    }

    public static LogicalType Boolean { get; } = new(DuckDbTypeId.Boolean, "BOOLEAN");
    public static LogicalType TinyInt { get; } = new(DuckDbTypeId.TinyInt, "TINYINT");
    public static LogicalType SmallInt { get; } = new(DuckDbTypeId.SmallInt, "SMALLINT");
    public static LogicalType Integer { get; } = new(DuckDbTypeId.Integer, "INTEGER");
    public static LogicalType BigInt { get; } = new(DuckDbTypeId.BigInt, "BIGINT");
    public static LogicalType HugeInt { get; } = new(DuckDbTypeId.HugeInt, "HUGEINT");
    public static LogicalType UTinyInt { get; } = new(DuckDbTypeId.UTinyInt, "UTINYINT");
    public static LogicalType USmallInt { get; } = new(DuckDbTypeId.USmallInt, "USMALLINT");
    public static LogicalType UInteger { get; } = new(DuckDbTypeId.UInteger, "UINTEGER");
    public static LogicalType UBigInt { get; } = new(DuckDbTypeId.UBigInt, "UBIGINT");
    public static LogicalType UHugeInt { get; } = new(DuckDbTypeId.UHugeInt, "UHUGEINT");
    public static LogicalType Float { get; } = new(DuckDbTypeId.Float, "FLOAT");
    public static LogicalType Double { get; } = new(DuckDbTypeId.Double, "DOUBLE");
    public static LogicalType Varchar { get; } = new(DuckDbTypeId.Varchar, "VARCHAR");
    /// <summary>DuckDB's JSON: a VARCHAR under another name.</summary>
    public static LogicalType Json { get; } = new(DuckDbTypeId.Varchar, "JSON") { Alias = "JSON" };
    public static LogicalType Blob { get; } = new(DuckDbTypeId.Blob, "BLOB");
    public static LogicalType Bit { get; } = new(DuckDbTypeId.Bit, "BIT");
    public static LogicalType Uuid { get; } = new(DuckDbTypeId.Uuid, "UUID");
    public static LogicalType Date { get; } = new(DuckDbTypeId.Date, "DATE");
    public static LogicalType Time { get; } = new(DuckDbTypeId.Time, "TIME");
    public static LogicalType TimeNs { get; } = new(DuckDbTypeId.TimeNs, "TIME_NS");
    public static LogicalType TimeTz { get; } = new(DuckDbTypeId.TimeTz, "TIME WITH TIME ZONE");
    public static LogicalType Timestamp { get; } = new(DuckDbTypeId.Timestamp, "TIMESTAMP");
    public static LogicalType TimestampS { get; } = new(DuckDbTypeId.TimestampS, "TIMESTAMP_S");
    public static LogicalType TimestampMs { get; } = new(DuckDbTypeId.TimestampMs, "TIMESTAMP_MS");
    public static LogicalType TimestampNs { get; } = new(DuckDbTypeId.TimestampNs, "TIMESTAMP_NS");
    public static LogicalType TimestampTz { get; } = new(DuckDbTypeId.TimestampTz, "TIMESTAMP WITH TIME ZONE");
    public static LogicalType Interval { get; } = new(DuckDbTypeId.Interval, "INTERVAL");
    public static LogicalType SqlNull { get; } = new(DuckDbTypeId.SqlNull, "NULL");

    public DuckDbTypeId TypeId { get; }

    /// <summary>The name a type goes by instead of its own (JSON); null for most.</summary>
    public string? Alias { get; private init; }

    /// <summary>Total digits of a DECIMAL, 1 to 38; else 0.</summary>
    public byte Width { get; private init; }

    /// <summary>Digits after the point of a DECIMAL; else 0.</summary>
    public byte Scale { get; private init; }

    /// <summary>Elements of every value of an ARRAY; else 0.</summary>
    public int ArraySize { get; private init; }

    /// <summary>STRUCT and UNION: the members. LIST, ARRAY: one, "element". MAP: "key" and "value".</summary>
    public ImmutableArray<TypeField> Fields { get; private init; } = [];

    /// <summary>The labels of an ENUM; a vector holds positions in it.</summary>
    public ImmutableArray<string> Labels { get; private init; } = [];

    /// <summary>The element type of a LIST or ARRAY.</summary>
    public LogicalType Element => TypeId is DuckDbTypeId.List or DuckDbTypeId.Array
        ? Fields[0].Type
        : throw new InvalidOperationException($"{this} has no element type.");

    private LogicalType? _mapEntry;

    /// <summary>What the child vector of a MAP holds: STRUCT(key, value).</summary>
    internal LogicalType MapEntry => _mapEntry ??= Struct(Fields);

    /// <summary>
    /// A DECIMAL of <paramref name="width"/> digits in all, 1 to 38, <paramref name="scale"/> behind the point.
    /// </summary>
    public static LogicalType Decimal(int width, int scale)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(width, 38);
        ArgumentOutOfRangeException.ThrowIfNegative(scale);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(scale, width);
        return new(DuckDbTypeId.Decimal, $"DECIMAL({width},{scale})") { Width = (byte)width, Scale = (byte)scale };
    }

    public static LogicalType List(LogicalType element) =>
        new(DuckDbTypeId.List, $"{element}[]") { Fields = [new("element", element)] };

    public static LogicalType Array(LogicalType element, int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        return new(DuckDbTypeId.Array, $"{element}[{size}]") { Fields = [new("element", element)], ArraySize = size };
    }

    public static LogicalType Map(LogicalType key, LogicalType value) =>
        new(DuckDbTypeId.Map, $"MAP({key}, {value})") { Fields = [new("key", key), new("value", value)] };

    public static LogicalType Struct(params IEnumerable<TypeField> fields)
    {
        var members = fields.ToImmutableArray();
        if (members.IsEmpty) throw new ArgumentException("A STRUCT has at least one field.", nameof(fields));
        return new(DuckDbTypeId.Struct, $"STRUCT({Members(members)})") { Fields = members };
    }

    public static LogicalType Union(params IEnumerable<TypeField> members)
    {
        var all = members.ToImmutableArray();
        if (all.IsEmpty) throw new ArgumentException("A UNION has at least one member.", nameof(members));
        return new(DuckDbTypeId.Union, $"UNION({Members(all)})") { Fields = all };
    }

    public static LogicalType Enum(params IEnumerable<string> labels)
    {
        var all = labels.ToImmutableArray();
        if (all.IsEmpty) throw new ArgumentException("An ENUM has at least one label.", nameof(labels));
        return new(DuckDbTypeId.Enum, $"ENUM({string.Join(", ", all.Select(SqlQuoting.Literal))})") { Labels = all };
    }

    /// <summary>The type without parameters that has this id.</summary>
    internal static LogicalType Simple(DuckDbTypeId id) => SimpleTypes.TryGetValue(id, out var type)
        ? type
        : new(id, id.ToString().ToUpperInvariant());

    private static readonly Dictionary<DuckDbTypeId, LogicalType> SimpleTypes = new LogicalType[] {
        Boolean, TinyInt, SmallInt, Integer, BigInt, HugeInt, UTinyInt, USmallInt, UInteger, UBigInt, UHugeInt, Float,
        Double, Varchar, Blob, Bit, Uuid, Date, Time, TimeNs, TimeTz, Timestamp, TimestampS, TimestampMs, TimestampNs,
        TimestampTz, Interval, SqlNull,
    }.ToDictionary(type => type.TypeId);

    private static string Members(ImmutableArray<TypeField> fields) =>
        string.Join(", ", fields.Select(field => $"{SqlQuoting.Identifier(field.Name)} {field.Type}"));

    /// <summary>The SQL text names every part of a type, so two types are equal when id and text are.</summary>
    public bool Equals(LogicalType? other) =>
        ReferenceEquals(this, other) || (other is not null && TypeId == other.TypeId && _sql == other._sql);

    public override bool Equals(object? obj) => Equals(obj as LogicalType);

    public override int GetHashCode() => _sql.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => _sql;
}
