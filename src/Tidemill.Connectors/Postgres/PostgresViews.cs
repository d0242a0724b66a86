using Tidemill.Core.Warehouses;

namespace Tidemill.Connectors.Postgres;

/// <summary>
/// PostgreSQL binds a view to the very table it was made from, so replacing the table takes its views with it. They are
/// dropped and made again in the transaction that swaps the table.
/// </summary>
internal static class PostgresViews
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

    public static async Task<IReadOnlyList<DependentView>> DependentsAsync(
        ISqlEngine engine, TableName relation, CancellationToken cancellationToken)
    {
        await using var result = await engine.QueryAsync(Query, [relation.Quoted], readOnly: true, cancellationToken);
        var views = new List<DependentView>();
        await foreach (var row in result.ReadRowsAsync(cancellationToken))
            views.Add(new DependentView(new TableName((string)row[1]!, (string)row[0]!), ((string)row[2]!).TrimEnd(';', ' ', '\n')));

        return views;
    }

    /// <summary>The statement, without an error when what it reads has no such columns or functions any more.</summary>
    public static string CreateIfFitting(string create) => $"""
        DO $tidemill$ BEGIN
        EXECUTE {SqlName.Literal(create)};
        EXCEPTION WHEN undefined_column OR undefined_table OR undefined_function OR datatype_mismatch THEN NULL;
        END $tidemill$
        """;
}
