using Tidemill.Connectors.Tables;
using Tidemill.Core.Schemas;

namespace Tidemill.Connectors.DuckDb;

/// <summary>DuckDB has every field kind under its own name.</summary>
internal sealed class DuckDbDialect : TableDialect
{
    public static readonly DuckDbDialect Instance = new();

    public override string Name => "duckdb";

    public override StringComparer TableNames => StringComparer.OrdinalIgnoreCase;

    public override bool RenamesIndexedTables => false;

    /// <summary>DuckDB sets no bound; kept as PostgreSQL's, so that index names are alike.</summary>
    public override int MaxIdentifierBytes => 63;

    public override bool WritersKnowKeys => true;

    public override bool IndexesBlockAlteration => true;

    /// <summary>DuckDB changes no key: the table is made anew.</summary>
    public override IReadOnlyList<string> AddKeyColumn(string table, string column, string columns, string key) =>
    [
        $"CREATE TABLE {table}_before AS FROM {table}",
        $"DROP TABLE {table}",
        $"CREATE TABLE {table} ({column} TEXT NOT NULL, {columns}, PRIMARY KEY ({column}, {key}))",
        $"INSERT INTO {table} BY NAME SELECT '' AS {column}, * FROM {table}_before",
        $"DROP TABLE {table}_before",
    ];

    public override string TypeName(FieldType type) => type.ToString();
}
