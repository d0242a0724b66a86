using System.Globalization;
using Tidemill.Connectors.Tables;
using Tidemill.Core.Schemas;
using Tidemill.Core.Warehouses;

namespace Tidemill.Connectors.Postgres;

/// <summary>PostgreSQL's types. Integers it lacks take the next wider one; UINT64 and HUGEINT become numeric.</summary>
internal sealed class PostgresDialect : TableDialect
{
    public static readonly PostgresDialect Instance = new();

    public override string Name => "postgres";

    public override bool RenamesIndexedTables => true;

    public override string LockTransaction { get; } =
        string.Create(CultureInfo.InvariantCulture, $"SELECT pg_advisory_xact_lock({PostgresWarehouse.TableLock})");

    public override IReadOnlyList<string> AddKeyColumn(string table, string column, string columns, string key) =>
    [
        $"ALTER TABLE {table} ADD COLUMN {column} TEXT NOT NULL DEFAULT ''",
        $"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {table}_pkey",
        $"ALTER TABLE {table} ADD PRIMARY KEY ({column}, {key})",
    ];

    public override Task<IReadOnlyList<DependentView>> DependentViewsAsync(
        ISqlEngine engine, TableName relation, CancellationToken cancellationToken) =>
        PostgresViews.DependentsAsync(engine, relation, cancellationToken);

    public override string CreateView(DependentView view, bool mayFail) =>
        mayFail ? PostgresViews.CreateIfFitting(base.CreateView(view, mayFail)) : base.CreateView(view, mayFail);

    public override string? NoteProperties(IEnumerable<TableName> relations) => PostgresProperties.Note(relations);

    public override string? RestoreProperties => PostgresProperties.Restore;

    /// <summary>NAMEDATALEN - 1 of a default build.</summary>
    public override int MaxIdentifierBytes => 63;

    public override string TypeName(FieldType type) => type.Kind switch
    {
        FieldKind.Boolean => "boolean",
        FieldKind.Int8 or FieldKind.UInt8 or FieldKind.Int16 => "smallint",
        FieldKind.UInt16 or FieldKind.Int32 => "integer",
        FieldKind.UInt32 or FieldKind.Int64 => "bigint",
        FieldKind.UInt64 => "numeric(20,0)",
        FieldKind.HugeInt => "numeric(39,0)",
        FieldKind.Float => "real",
        FieldKind.Double => "double precision",
        FieldKind.Decimal => string.Create(CultureInfo.InvariantCulture, $"numeric({type.Precision},{type.Scale})"),
        FieldKind.Text => "text",
        FieldKind.Json => "jsonb",
        FieldKind.Uuid => "uuid",
        FieldKind.Blob => "bytea",
        FieldKind.Date => "date",
        FieldKind.Time => "time",
        FieldKind.Timestamp => "timestamp",
        FieldKind.TimestampTz => "timestamptz",
        FieldKind.Interval => "interval",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type.Kind, "PostgreSQL has no type for this kind."),
    };

    /// <summary>The type's name as format_type gives it without modifiers.</summary>
    public static string BaseName(FieldType type) => type.Kind switch
    {
        FieldKind.Time => "time without time zone",
        FieldKind.Timestamp => "timestamp without time zone",
        FieldKind.TimestampTz => "timestamp with time zone",
        _ => Instance.TypeName(type).Split('(')[0],
    };

    public override FieldType Stored(FieldType type) => type.Kind switch
    {
        FieldKind.Int8 or FieldKind.UInt8 => new(FieldKind.Int16),
        FieldKind.UInt16 => new(FieldKind.Int32),
        FieldKind.UInt32 => new(FieldKind.Int64),
        FieldKind.UInt64 => new(FieldKind.Decimal, 20, 0),
        _ => type,
    };

    /// <summary>numeric without digits holds any number; json and jsonb hold the same documents.</summary>
    public override bool CanHold(ColumnDescription column, FieldType declared) =>
        base.CanHold(column, declared)
        || (column.SqlType == "numeric" && Stored(declared).Kind is FieldKind.Int16 or FieldKind.Int32 or FieldKind.Int64
            or FieldKind.HugeInt or FieldKind.Decimal);

    /// <summary>Reads what format_type prints; null for types Tidemill has no kind for.</summary>
    public static FieldType? Parse(string sqlType) => sqlType switch
    {
        "numeric(39,0)" => new FieldType(FieldKind.HugeInt),
        "numeric" => null,
        "time without time zone" => new FieldType(FieldKind.Time),
        _ when sqlType.StartsWith("character varying", StringComparison.Ordinal) => new FieldType(FieldKind.Text),
        _ => FieldType.TryParse(sqlType, out var type) ? type : null,
    };
}
