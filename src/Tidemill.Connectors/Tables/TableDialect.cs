using Tidemill.Core.Schemas;
using Tidemill.Core.Warehouses;

namespace Tidemill.Connectors.Tables;

/// <summary>Where the two engines' tables differ: type names, and which stored type can hold which declared one.</summary>
internal abstract class TableDialect : SqlDialect
{
    /// <summary>The type a new column of this field gets.</summary>
    public abstract string TypeName(FieldType type);

    /// <summary>What the column of <see cref="TypeName"/> is described as when it is read back.</summary>
    public virtual FieldType Stored(FieldType type) => type;

    /// <summary>True when every value of the declared type fits the column unchanged.</summary>
    public virtual bool CanHold(ColumnDescription column, FieldType declared) =>
        column.Type is { } stored && (stored == Stored(declared) || Widens(Stored(declared), stored));

    /// <summary>True when writers know the keys of the tables that they write by key, and such a table needs no primary key.</summary>
    public virtual bool WritersKnowKeys => false;

    /// <summary>True when a table with indexes refuses to have a column's type changed.</summary>
    public virtual bool IndexesBlockAlteration => false;

    /// <summary>True when a stored column may be altered to the declared type: every value stays what it is, or becomes its text.</summary>
    public bool CanBecome(FieldType stored, FieldType declared)
    {
        var wanted = Stored(declared);
        return Widens(stored, wanted)
            || (wanted.Kind == FieldKind.Text && stored.Kind != FieldKind.Blob)
            || (wanted.Kind == FieldKind.Double && (IntegerDigits(stored.Kind) > 0 || stored.Kind == FieldKind.Decimal));
    }

    private static bool Widens(FieldType from, FieldType to)
    {
        if (to.Kind == FieldKind.Decimal)
        {
            var digits = from.Kind == FieldKind.Decimal ? from.Precision - from.Scale : IntegerDigits(from.Kind);
            return digits > 0 && to.Precision - to.Scale >= digits && to.Scale >= from.Scale;
        }

        return to.Kind switch
        {
            FieldKind.Int16 => from.Kind is FieldKind.Int8 or FieldKind.UInt8,
            FieldKind.Int32 => from.Kind is FieldKind.Int8 or FieldKind.Int16 or FieldKind.UInt8 or FieldKind.UInt16,
            FieldKind.Int64 => from.Kind is FieldKind.Int8 or FieldKind.Int16 or FieldKind.Int32 or FieldKind.UInt8
                or FieldKind.UInt16 or FieldKind.UInt32,
            FieldKind.HugeInt => IntegerDigits(from.Kind) > 0,
            FieldKind.Double => from.Kind is FieldKind.Float,
            FieldKind.Text => from.Kind is FieldKind.Json,
            _ => false,
        };
    }

    /// <summary>Decimal digits that hold every value of an integer kind; 0 for other kinds.</summary>
    private static int IntegerDigits(FieldKind kind) => kind switch
    {
        FieldKind.Int8 or FieldKind.UInt8 => 3,
        FieldKind.Int16 or FieldKind.UInt16 => 5,
        FieldKind.Int32 or FieldKind.UInt32 => 10,
        FieldKind.Int64 => 19,
        FieldKind.UInt64 => 20,
        FieldKind.HugeInt => 39,
        _ => 0,
    };
}
