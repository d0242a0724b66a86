using Npgsql;
using Tidemill.Core.Warehouses;

namespace Tidemill.Connectors.Postgres;

/// <summary>A column as pg_attribute has it: the type with its modifier, and without.</summary>
internal sealed record PostgresColumn(string Name, string SqlType, string TypeName, bool Nullable);

/// <summary>Tables, views, keys and indexes from pg_catalog. Unqualified names follow the search path.</summary>
internal static class PostgresCatalog
{
    public static async Task<TableDescription?> DescribeAsync(
        NpgsqlConnection connection, TableName table, CancellationToken cancellationToken)
    {
        var kind = (await RowsAsync(connection, "SELECT relkind::text FROM pg_class WHERE oid = to_regclass($1)", table, cancellationToken))
            .Select(row => (string)row[0]).FirstOrDefault();
        if (kind is null)
            return null;

        var columns = await ColumnsAsync(connection, table, cancellationToken);
        var key = await PrimaryKeyAsync(connection, table, cancellationToken);
        return new TableDescription(table, kind is "v" or "m" ? RelationKind.View : RelationKind.Table,
            [.. columns.Select(c => new ColumnDescription(c.Name, c.SqlType, PostgresDialect.Parse(c.SqlType), c.Nullable))], key);
    }

    public static async Task<IReadOnlyList<PostgresColumn>> ColumnsAsync(
        NpgsqlConnection connection, TableName table, CancellationToken cancellationToken)
    {
        const string Sql = "SELECT attname::text, format_type(atttypid, atttypmod), format_type(atttypid, NULL), NOT attnotnull"
            + " FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum";
        var rows = await RowsAsync(connection, Sql, table, cancellationToken);
        return rows.ConvertAll(row => new PostgresColumn((string)row[0], (string)row[1], (string)row[2], (bool)row[3]));
    }

    public static async Task<IReadOnlyList<string>> PrimaryKeyAsync(
        NpgsqlConnection connection, TableName table, CancellationToken cancellationToken)
    {
        const string Sql =
            "SELECT a.attname::text FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, position)"
            + " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum"
            + " WHERE i.indrelid = to_regclass($1) AND i.indisprimary ORDER BY k.position";
        return (await RowsAsync(connection, Sql, table, cancellationToken)).ConvertAll(row => (string)row[0]);
    }

    public static async Task<IReadOnlySet<string>> IndexesAsync(
        NpgsqlConnection connection, TableName table, CancellationToken cancellationToken)
    {
        const string Sql =
            "SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = to_regclass($1)";
        return (await RowsAsync(connection, Sql, table, cancellationToken)).Select(row => (string)row[0]).ToHashSet(StringComparer.Ordinal);
    }

    private static async Task<List<object[]>> RowsAsync(
        NpgsqlConnection connection, string sql, TableName table, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { Parameters = { new() { Value = table.Quoted } } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<object[]>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var row = new object[reader.FieldCount];
            reader.GetValues(row);
            rows.Add(row);
        }

        return rows;
    }
}
