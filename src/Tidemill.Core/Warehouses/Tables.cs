using Tidemill.Core.Schemas;

namespace Tidemill.Core.Warehouses;

public enum RelationKind
{
    Table,
    View,
}

/// <summary>A column as the database has it. <paramref name="Type"/> is null when Tidemill has no kind for it.</summary>
public sealed record ColumnDescription(string Name, string SqlType, FieldType? Type, bool Nullable);

/// <summary>A relation as the database has it.</summary>
public sealed record TableDescription(
    TableName Name, RelationKind Kind, IReadOnlyList<ColumnDescription> Columns, IReadOnlyList<string> PrimaryKey);

/// <summary>An index; the name is derived from table and columns, so that declaring it twice creates it once.</summary>
public sealed record IndexSpec(IReadOnlyList<string> Columns, bool Unique = false)
{
    public string NameFor(TableName table) => $"ix_{table.Name}_{string.Join('_', Columns)}";
}

/// <summary>What a stream wants of its table.</summary>
public sealed record TableSpec(TableName Name, Schema Schema)
{
    public IReadOnlyList<string> PrimaryKey { get; init; } = [];

    /// <summary>
    /// The rule by which writers bring rows; seen keys come by Ignore. A warehouse whose writers know the stored keys needs no
    /// primary key where they look for it, under every rule but Append. Equal keys that come another way are then reported at the
    /// next write (SchemaConflict).
    /// </summary>
    public ConflictRule Rule { get; init; }

    public IReadOnlyList<IndexSpec> Indexes { get; init; } = [];

    /// <summary>True when a column may be altered to a wider type where its present one cannot hold the declared one.</summary>
    public bool MayWiden { get; init; }
}

/// <summary>The steps from the table that is to the table that is wanted. Empty: nothing to do.</summary>
public sealed record TablePlan(TableName Table, IReadOnlyList<TableStep> Steps);

/// <summary>One step of a <see cref="TablePlan"/>.</summary>
/// <param name="Summary">What it does, for people: <c>create table transactions (7 columns)</c>.</param>
/// <param name="Sql">The statement that does it.</param>
public sealed record TableStep(string Summary, string Sql)
{
    /// <summary>True when it changes rows that are there: the type of a column, or that they have a key. Indexes may be in its
    /// way.</summary>
    public bool Alters { get; init; }
}
