using Tidemill.Connectors.DuckDb.Keys;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;

namespace Tidemill.Tests.Warehouses.Keys;

public sealed class SqlTargetsTests
{
    [Theory]
    [InlineData("INSERT INTO orders VALUES (1)")]
    [InlineData("insert or replace into ORDERS by name select * from other")]
    [InlineData("UPDATE orders SET id = 1")]
    [InlineData("DELETE FROM orders WHERE id = 1")]
    [InlineData("DELETE FROM main.orders")]
    [InlineData("delete\nfrom -- all of\n warehouse.main.\"orders\" using other")]
    [InlineData("WITH o AS (SELECT 1) INSERT INTO orders SELECT * FROM o")]
    [InlineData("WITH a AS (SELECT E'\\'' AS q) INSERT INTO orders SELECT 1 -- '")]
    [InlineData("/* /* */ from */ UPDATE /* from */ orders SET id = 1")]
    [InlineData("SELECT $$ ' $$; UPDATE orders SET id = 1")]
    [InlineData("MERGE INTO orders USING other ON true WHEN MATCHED THEN DELETE")]
    [InlineData("TRUNCATE orders")]
    [InlineData("DROP TABLE IF EXISTS orders")]
    [InlineData("ALTER TABLE other RENAME TO orders")]
    [InlineData("ALTER TABLE orders ADD COLUMN x INTEGER")]
    [InlineData("CREATE OR REPLACE TABLE orders AS FROM other")]
    [InlineData("COPY orders FROM 'orders.csv'")]
    [InlineData("EXPLAIN ANALYZE DELETE FROM orders")]
    [InlineData("PREPARE p AS DELETE FROM orders")]
    [InlineData("INSERT INTO 'orders' VALUES (1)")]
    [InlineData("DELETE FROM 'main'.'orders'")]
    [InlineData("UPDATE $$orders$$ SET id = 1")]
    [InlineData("UPDATE $t$orders$t$ SET id = 1")]
    [InlineData("INSERT INTO E'orders' VALUES (1)")]
    [InlineData("UPDATE\u00A0orders\u2003SET id = 1")]
    [InlineData("DELETE\u200BFROM\u200Borders")]
    [InlineData("DELETE \u200B FROM orders")]
    [InlineData("-- x\rDELETE FROM orders")]
    [InlineData("CREATE OR REPLACE TABLE daily AS SELECT 1; DELETE FROM orders")]
    [InlineData("EXECUTE p")]
    [InlineData("DROP SCHEMA staging CASCADE")]
    [InlineData("IMPORT DATABASE 'backup'")]
    public void A_statement_may_change_a_table_that_it_does_not_only_read(string sql) =>
        Assert.True(new SqlTargets([sql], "warehouse").MayChange(new TableName("orders")));

    [Theory]
    [InlineData("SELECT * FROM orders")]
    [InlineData("FROM orders")]
    [InlineData("CREATE OR REPLACE TABLE daily AS SELECT count(*) AS n FROM main.orders JOIN other USING (id)")]
    [InlineData("INSERT INTO daily SELECT * FROM other, orders")]
    [InlineData("INSERT INTO daily SELECT orders.id FROM other JOIN \"orders\" ON orders.id = other.id")]
    [InlineData("DELETE FROM daily USING orders WHERE daily.id = orders.id")]
    [InlineData("UPDATE daily SET n = 1 FROM orders")]
    [InlineData("INSERT INTO daily VALUES ('orders', $$orders$$, E'\\'orders') -- orders")]
    [InlineData("INSERT INTO daily SELECT 1 /* into orders /* orders */ orders */")]
    [InlineData("INSERT INTO orders_daily VALUES ($1)")]
    [InlineData(
        "CREATE OR REPLACE TABLE daily AS WITH orders AS (SELECT 1 AS id), other AS (SELECT 2) SELECT count(*) AS orders FROM orders")]
    [InlineData("CREATE OR REPLACE VIEW v AS WITH RECURSIVE orders AS (SELECT 1) FROM orders")]
    [InlineData("CREATE OR REPLACE TABLE analytics.orders AS SELECT * FROM main.orders")]
    [InlineData("DROP TABLE IF EXISTS analytics.orders")]
    [InlineData("INSERT INTO warehouse.analytics.orders SELECT 1")]
    [InlineData("SELECT orders FROM sessions")]
    [InlineData("CREATE TABLE daily AS SELECT orders FROM sessions")]
    [InlineData("INSERT INTO daily (orders) SELECT orders FROM sessions")]
    [InlineData("UPDATE daily SET orders = 1")]
    [InlineData("")]
    public void A_table_that_is_read_or_not_named_is_not_changed(string sql) =>
        Assert.False(new SqlTargets([sql], "warehouse").MayChange(new TableName("orders")));

    [Theory]
    [InlineData("DELETE FROM analytics.orders", true)]
    [InlineData("DELETE FROM warehouse.analytics.orders", true)]
    [InlineData("DELETE FROM warehouse.orders", true)]
    [InlineData("DELETE FROM orders", false)]
    [InlineData("DELETE FROM main.orders", false)]
    [InlineData("SET search_path = 'analytics'; DELETE FROM orders", true)]
    public void A_table_of_another_schema_is_told_by_its_schema(string sql, bool changes) =>
        Assert.Equal(changes, new SqlTargets([sql], "warehouse").MayChange(new TableName("orders", "analytics")));

    [Fact]
    public void Quoted_names_are_compared_as_they_are_meant() =>
        Assert.True(new SqlTargets(["INSERT INTO \"my \"\"odd\"\" table\" VALUES (1)"]).MayChange(new TableName("My \"odd\" table")));

    [Theory]
    [InlineData("BEGIN")]
    [InlineData("  start transaction")]
    [InlineData("COMMIT")]
    [InlineData("/* x */ ROLLBACK")]
    [InlineData("ABORT")]
    [InlineData("USE staging")]
    public void What_would_outlive_its_call_is_refused(string sql) =>
        Assert.Equal(ErrorCode.SqlInvalid, Assert.Throws<TidemillException>(() => new SqlTargets([sql])).Code);
}
