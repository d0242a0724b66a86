using Tidemill.Connectors.Postgres;
using Tidemill.Core.Configuration;
using Tidemill.Core.Warehouses;
using Tidemill.IntegrationTests.Servers;
using Tidemill.Models;
using Tidemill.Models.Materializations;
using Tidemill.Tests.Models;

namespace Tidemill.IntegrationTests.Warehouses;

public sealed class PostgresModelRunnerTests : ModelRunnerContractTests
{
    private readonly string _reader = $"reader_{Guid.NewGuid():N}";
    private readonly string _owner = $"owner_{Guid.NewGuid():N}";
    private PostgresServer _server = null!;
    private WarehouseConnection _connection = null!;

    protected override string CountIndexes => "select count(*) from pg_indexes where tablename = 'numbers'";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_stands_on_tables_and_views_beside_their_rows_outlives_a_rebuild()
    {
        using var folder = new DbtFolder(
            ("models/m.sql", "{{ config(materialized='table') }}select * from (values (1, 'a'), (2, 'b')) as t(i, s)"),
            ("models/on_m.sql", "select i, s from {{ ref('m') }}"));
        await BuildAsync(folder);
        await SetUpAsync();
        var before = await ReadAsync();
        Assert.Equal(20, before.Count);
        for (var round = 0; round < 2; round++)
        {
            await BuildAsync(folder);
            Assert.Equal(before, await ReadAsync());
        }

        await Warehouse.ExecuteAsync("INSERT INTO bi VALUES (7)", [], Token);
        Assert.Equal("7", await OneAsync("SELECT max(i) FROM written"));
    }

    [Fact]
    public async Task Properties_of_columns_that_are_gone_go_with_them_and_what_a_view_cannot_have_stops_the_rebuild()
    {
        using var folder = new DbtFolder(("models/m.sql", "{{ config(materialized='table') }}select 1 as i, 2 as j"));
        await BuildAsync(folder);
        await ExecuteAsync(
            $"GRANT SELECT (j) ON m TO {_reader}", "COMMENT ON COLUMN m.j IS 'gone'", "COMMENT ON TABLE m IS 'kept'",
            $"GRANT SELECT ON m TO {_reader}");
        folder.Write("models/m.sql", "{{ config(materialized='view') }}select 1 as i");
        await BuildAsync(folder);
        Assert.Equal("kept", await OneAsync("SELECT obj_description('m'::regclass, 'pg_class')"));
        Assert.Equal("True", await OneAsync($"SELECT has_table_privilege('{_reader}', 'm', 'select')"));

        folder.Write("models/m.sql", "{{ config(materialized='table') }}select 1 as i");
        await BuildAsync(folder);
        await ExecuteAsync("ALTER TABLE m ENABLE ROW LEVEL SECURITY");
        folder.Write("models/m.sql", "{{ config(materialized='view') }}select 1 as i");
        var failed = Assert.Single(await Runner(folder).RunAsync([], Token));
        Assert.Equal(ModelStatus.Failed, failed.Status);
        Assert.Contains("ROW LEVEL SECURITY", failed.Error!.Message, StringComparison.Ordinal);
        Assert.Equal("r", await OneAsync("SELECT relkind::text FROM pg_class WHERE oid = 'm'::regclass"));
    }

    [Fact]
    public async Task What_was_taken_from_a_table_is_not_granted_again_by_default()
    {
        using var folder = new DbtFolder(("models/m.sql", "{{ config(materialized='table') }}select 1 as i"));
        await ExecuteAsync($"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {_reader}");
        await BuildAsync(folder);
        await ExecuteAsync($"REVOKE SELECT ON m FROM {_reader}");
        await BuildAsync(folder);
        Assert.Equal("False", await OneAsync($"SELECT has_table_privilege('{_reader}', 'm', 'select')"));
    }

    /// <summary>PostgreSQL names no place for errors that come while rows are made.</summary>
    protected override void AssertLine(int line, ModelError error)
    {
        if (error.Line != 0)
            base.AssertLine(line, error);
    }

    protected override async Task<IWarehouse> CreateAsync()
    {
        _server = await PostgresServer.SharedAsync();
        _connection = await _server.CreateDatabaseAsync();
        var warehouse = await PostgresWarehouse.OpenAsync(_connection, Token);
        await warehouse.ExecuteAsync($"CREATE ROLE {_reader}", [], Token);
        await warehouse.ExecuteAsync($"CREATE ROLE {_owner}", [], Token);
        return warehouse;
    }

    public override async ValueTask DisposeAsync()
    {
        await ExecuteAsync($"DROP OWNED BY {_owner}, {_reader} CASCADE", $"DROP ROLE {_owner}", $"DROP ROLE {_reader}");
        await base.DisposeAsync();
        await _server.DropDatabaseAsync(_connection);
    }

    private Task SetUpAsync() => ExecuteAsync(
        $"GRANT CREATE ON SCHEMA public TO {_owner}",
        "CREATE TABLE written (i integer)",
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO written VALUES (NEW.i); RETURN NEW; END'",
        $"GRANT SELECT, UPDATE ON m TO {_reader} WITH GRANT OPTION", "GRANT SELECT (s) ON m TO PUBLIC", "COMMENT ON TABLE m IS 'it''s m'",
        "COMMENT ON COLUMN m.s IS 'text %s'", "ALTER TABLE m SET (fillfactor = 70, autovacuum_enabled = false)",
        "CREATE TRIGGER note_m AFTER INSERT ON m FOR EACH ROW EXECUTE FUNCTION note()", "ALTER TABLE m DISABLE TRIGGER note_m",
        "ALTER TABLE m ENABLE ROW LEVEL SECURITY", $"CREATE POLICY few ON m FOR SELECT TO {_reader} USING (i > 1)",
        "ALTER TABLE m REPLICA IDENTITY FULL", "CREATE PUBLICATION changes FOR TABLE m", $"ALTER TABLE m OWNER TO {_owner}",
        $"GRANT {_owner} TO current_user",
        "CREATE VIEW bi WITH (security_barrier, check_option = local) AS SELECT i FROM m WHERE i > 0",
        "CREATE VIEW over_bi AS SELECT i FROM bi", $"GRANT SELECT ON bi, over_bi, on_m TO {_reader}", "COMMENT ON VIEW bi IS 'for bi'",
        "CREATE TRIGGER note_bi INSTEAD OF INSERT ON bi FOR EACH ROW EXECUTE FUNCTION note()", $"ALTER VIEW over_bi OWNER TO {_owner}",
        "ALTER VIEW bi ALTER COLUMN i SET DEFAULT 5", "CREATE RULE nothing AS ON DELETE TO over_bi DO INSTEAD NOTHING");

    /// <summary>All that the set-up put on the relations, one line each.</summary>
    private async Task<List<string>> ReadAsync()
    {
        const string Sql = """
            WITH r AS (SELECT * FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname IN ('m', 'on_m', 'bi', 'over_bi'))
            SELECT format('%s %s %s %s %s %s', relname, (SELECT array_agg(a ORDER BY a::text) FROM unnest(relacl) a), reloptions,
                pg_get_userbyid(relowner), relrowsecurity, relreplident) FROM r
            UNION ALL SELECT format('%s %s', relname, obj_description(oid, 'pg_class')) FROM r
            UNION ALL SELECT format('%s.%s %s %s', relname, attname, attacl, col_description(attrelid, attnum))
                FROM r JOIN pg_attribute ON attrelid = r.oid AND attnum > 0
            UNION ALL SELECT format('%s %s', tgenabled, pg_get_triggerdef(t.oid)) FROM r JOIN pg_trigger t ON tgrelid = r.oid
            UNION ALL SELECT format('%s %s %s', polname, polroles::regrole[], pg_get_expr(polqual, polrelid)) FROM pg_policy
            UNION ALL SELECT format('%s %s', pubname, tablename) FROM pg_publication_tables
            UNION ALL SELECT pg_get_ruledef(w.oid) FROM r JOIN pg_rewrite w ON ev_class = r.oid WHERE rulename <> '_RETURN'
            UNION ALL SELECT pg_get_expr(adbin, adrelid) FROM r JOIN pg_attrdef ON adrelid = r.oid ORDER BY 1
            """;
        await using var result = await Warehouse.QueryAsync(Sql, [], readOnly: true, Token);
        return await result.ReadRowsAsync(Token).Select(row => (string)row[0]!).ToListAsync(Token);
    }

    private ModelRunner Runner(DbtFolder folder) =>
        new(Warehouse, folder.Compile(ModelTarget.Of("test", Warehouse)), TimeProvider.System);

    private async Task BuildAsync(DbtFolder folder) =>
        Assert.All(await Runner(folder).RunAsync([], Token), result => Assert.Null(result.Error?.Message));

    private async Task ExecuteAsync(params IReadOnlyList<string> statements)
    {
        foreach (var statement in statements)
            await Warehouse.ExecuteAsync(statement, [], Token);
    }

    private async Task<string?> OneAsync(string sql)
    {
        await using var result = await Warehouse.QueryAsync(sql, [], readOnly: true, Token);
        return (await result.ReadRowsAsync(Token).SingleAsync(Token))[0]?.ToString();
    }
}
