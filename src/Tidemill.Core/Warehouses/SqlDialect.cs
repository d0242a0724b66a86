namespace Tidemill.Core.Warehouses;

/// <summary>A view that reads a relation, directly or through other views.</summary>
/// <param name="Name">The view.</param>
/// <param name="Definition">Its SELECT.</param>
public sealed record DependentView(TableName Name, string Definition);

/// <summary>Where one engine's SQL differs from others'.</summary>
public abstract class SqlDialect
{
    /// <summary>The engine's name in configuration and for dbt's <c>target.type</c>: duckdb, postgres.</summary>
    public abstract string Name { get; }

    /// <summary>Longest identifier in bytes of UTF-8.</summary>
    public abstract int MaxIdentifierBytes { get; }

    /// <summary>Which names are one table's. Quoted names: as they stand, unless the engine ignores case.</summary>
    public virtual StringComparer TableNames => StringComparer.Ordinal;

    /// <summary>True when a table with indexes can be renamed: they are then built before it takes another's place.</summary>
    public abstract bool RenamesIndexedTables { get; }

    /// <summary>Renames an index of a table.</summary>
    /// <param name="schema">The table's schema; null: the default one.</param>
    /// <param name="from">The index.</param>
    /// <param name="to">Its new name.</param>
    public virtual string RenameIndex(string? schema, string from, string to) =>
        $"ALTER INDEX {new TableName(from, schema).Quoted} RENAME TO {SqlName.Quote(to)}";

    /// <summary>A statement that makes the transaction wait until no other one holds this lock; null where one process has the engine
    /// for itself.</summary>
    public virtual string? LockTransaction => null;

    /// <summary>Statements that put a text column in front of a table's primary key, empty in the rows that are there.</summary>
    /// <param name="table">The table.</param>
    /// <param name="column">The new column.</param>
    /// <param name="columns">Definitions of the columns that are there.</param>
    /// <param name="key">The primary key that is there.</param>
    public abstract IReadOnlyList<string> AddKeyColumn(string table, string column, string columns, string key);

    /// <summary>The views that are dropped with the relation, each behind those that it reads itself. None where views find
    /// tables by name.</summary>
    public virtual Task<IReadOnlyList<DependentView>> DependentViewsAsync(
        ISqlEngine engine, TableName relation, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<DependentView>>([]);

    /// <summary>
    /// Notes what stands on the relations beside columns and rows (owner, grants, comments, triggers, ...), before they are
    /// dropped in the same transaction; null where nothing is lost.
    /// </summary>
    public virtual string? NoteProperties(IEnumerable<TableName> relations) => null;

    /// <summary>Puts what was noted on the relations that have the names now; an error where one cannot have it.</summary>
    public virtual string? RestoreProperties => null;

    /// <summary>
    /// Makes a dropped view again. With <paramref name="mayFail"/> one that no longer fits what it reads is left out without an error.
    /// </summary>
    public virtual string CreateView(DependentView view, bool mayFail)
    {
        ArgumentNullException.ThrowIfNull(view);
        return $"CREATE VIEW {view.Name.Quoted} AS\n{view.Definition}";
    }
}
