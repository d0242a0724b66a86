using Tidemill.Core.Schemas;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.DuckDb;

/// <summary>Tables, views, keys and indexes as DuckDB's catalogue functions list them.</summary>
internal static class DuckDbCatalog
{
    public const string DefaultSchema = "main";

    private const string OfTable =
        "database_name = current_database() AND lower(schema_name) = lower($1) AND lower(table_name) = lower($2)";

    public static TableDescription? Describe(DuckDbConnection connection, TableName table)
    {
        var columns = Rows(
            connection, $"SELECT column_name, data_type, is_nullable FROM duckdb_columns() WHERE {OfTable} ORDER BY column_index", table)
            .ConvertAll(row => new ColumnDescription((string)row[0]!, (string)row[1]!, Parse((string)row[1]!), (bool)row[2]!));
        if (columns.Count == 0)
            return null;

        var isView = Rows(
            connection,
            "SELECT 1 FROM duckdb_views() WHERE " + OfTable.Replace("table_name", "view_name", StringComparison.Ordinal),
            table).Count > 0;
        var key = Rows(
            connection,
            $"SELECT unnest(constraint_column_names) FROM duckdb_constraints() WHERE {OfTable} AND constraint_type = 'PRIMARY KEY'",
            table)
            .ConvertAll(row => (string)row[0]!);
        return new TableDescription(table, isView ? RelationKind.View : RelationKind.Table, columns, key);
    }

    public static IReadOnlySet<string> Indexes(DuckDbConnection connection, TableName table) =>
        Rows(connection, $"SELECT index_name FROM duckdb_indexes() WHERE {OfTable}", table)
            .Select(row => (string)row[0]!).ToHashSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Tables with an index or a key that is one.</summary>
    public static IReadOnlyList<TableName> IndexedTables(DuckDbConnection connection)
    {
        using var result = connection.Query(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE index_count > 0 AND database_name = current_database()");
        var tables = new List<TableName>();
        while (result.Fetch() is { } chunk)
        {
            using (chunk)
            {
                for (var row = 0; row < chunk.Size; row++)
                    tables.Add(new TableName(chunk[1].GetString(row), chunk[0].GetString(row)));
            }
        }

        return tables;
    }

    private static FieldType? Parse(string sqlType) => FieldType.TryParse(sqlType, out var type) ? type : null;

    private static List<object?[]> Rows(DuckDbConnection connection, string sql, TableName table)
    {
        using var statement = connection.Prepare(sql);
        statement.Bind(1, table.Schema ?? DefaultSchema);
        statement.Bind(2, table.Name);
        using var result = statement.Query();
        var rows = new List<object?[]>();
        while (result.Fetch() is { } chunk)
        {
            using (chunk)
            {
                for (var row = 0; row < chunk.Size; row++)
                    rows.Add([.. Enumerable.Range(0, chunk.ColumnCount).Select(column => DuckDbCells.Read(chunk[column], row))]);
            }
        }

        return rows;
    }
}
