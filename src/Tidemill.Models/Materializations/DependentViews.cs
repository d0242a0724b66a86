using System.Globalization;
using Tidemill.Core.Warehouses;

namespace Tidemill.Models.Materializations;

/// <summary>A view that reads a relation, directly or through other views.</summary>
internal sealed record DependentView(TableName Name, string Definition);

/// <summary>
/// PostgreSQL binds a view to the very table it was made from, so replacing the table takes its views with it. They are
/// dropped and made again in the transaction that swaps the table. DuckDB binds views by name and needs none of this.
/// </summary>
internal static class DependentViews
{
    private const string Query = """
        WITH RECURSIVE direct AS (
            SELECT d.refobjid AS base, r.ev_class AS view
            FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
            WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND r.ev_class <> d.refobjid
        ), dependent AS (
            SELECT direct.view, 1 AS depth FROM direct WHERE direct.base = to_regclass($1)
            UNION
            SELECT direct.view, dependent.depth + 1 FROM dependent JOIN direct ON direct.base = dependent.view
        )
        SELECT n.nspname::text, c.relname::text, pg_get_viewdef(c.oid), max(dependent.depth)
        FROM dependent JOIN pg_class c ON c.oid = dependent.view JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'v'
        GROUP BY n.nspname, c.relname, c.oid ORDER BY max(dependent.depth), n.nspname, c.relname
        """;

    /// <summary>The views that read the relation, each behind those that it reads itself.</summary>
    public static async Task<IReadOnlyList<DependentView>> OfAsync(
        IWarehouse warehouse, TableName relation, CancellationToken cancellationToken)
    {
        if (warehouse.Kind != WarehouseKind.Postgres)
            return [];
        await using var result = await warehouse.QueryAsync(Query, [relation.Quoted], readOnly: true, cancellationToken);
        var views = new List<DependentView>();
        await foreach (var row in result.ReadRowsAsync(cancellationToken))
            views.Add(new DependentView(new TableName((string)row[1]!, (string)row[0]!), ((string)row[2]!).TrimEnd(';', ' ', '\n')));
        return views;
    }

    public static string Drop(DependentView view) => $"DROP VIEW IF EXISTS {view.Name.Quoted}";

    /// <summary>
    /// Makes the view again. One that this run builds anyway may no longer fit the new columns and is then left to its own
    /// step; any other must fit, or the swap fails and nothing has changed.
    /// </summary>
    public static string Create(DependentView view, bool isBuiltLater)
    {
        var create = $"CREATE VIEW {view.Name.Quoted} AS\n{view.Definition}";
        if (!isBuiltLater)
            return create;
        return string.Create(CultureInfo.InvariantCulture, $"""
            DO $tidemill$ BEGIN
            EXECUTE {SqlName.Literal(create)};
            EXCEPTION WHEN undefined_column OR undefined_table OR undefined_function OR datatype_mismatch THEN NULL;
            END $tidemill$
            """);
    }
}
