using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;

namespace Tidemill.Tests.Warehouses;

public abstract partial class WarehouseContractTests
{
    [Fact]
    public async Task Plan_creates_once_and_is_empty_afterwards()
    {
        var spec = new TableSpec(new TableName("events", "analytics"), Rows.Schema(
            "id uuid, n utinyint, big ubigint, huge hugeint, amount decimal(12,2), at timestamp, doc json, v text, t time, z "
                + "timestamptz, y interval, x double"))
        {
            PrimaryKey = ["id"],
            Indexes = [new IndexSpec(["at"]), new IndexSpec(["n", "v"]), new IndexSpec(["big"], Unique: true)],
        };
        var plan = await Warehouse.PlanAsync(spec, Token);
        Assert.Contains(plan.Steps, step => step.Summary == "create table analytics.events (12 columns)");
        await Warehouse.ApplyAsync(plan, Token);
        await Warehouse.ApplyAsync(plan, Token);

        Assert.Empty((await Warehouse.PlanAsync(spec, Token)).Steps);
        var table = await Warehouse.DescribeAsync(spec.Name, Token);
        Assert.NotNull(table);
        Assert.Equal(["id"], table.PrimaryKey);
        Assert.Equal(spec.Schema.Fields.Select(field => field.Name), table.Columns.Select(column => column.Name));
        Assert.False(table.Columns[0].Nullable);
    }

    [Fact]
    public async Task Plan_adds_new_columns_and_indexes_to_a_table_with_rows()
    {
        await CreateTableAsync("pairs", "id integer, v text", "id");
        await WriteAsync(new TableWrite(new("pairs"), ConflictRule.Append), Pairs(0, 3));
        var first = new TableSpec(
            new TableName("pairs"), Rows.Schema("id integer, v text"))
        { PrimaryKey = ["id"], Indexes = [new IndexSpec(["v"])] };
        await Warehouse.ApplyAsync(await Warehouse.PlanAsync(first, Token), Token);
        var wanted = first with
        {
            Schema = Rows.Schema(
            "id integer, v text, extra decimal(10,2)"),
            Indexes = [new IndexSpec(["v"]), new IndexSpec(["extra"])]
        };

        var plan = await Warehouse.PlanAsync(wanted, Token);
        Assert.Equal(2, plan.Steps.Count);
        await Warehouse.ApplyAsync(plan, Token);
        await Warehouse.ApplyAsync(plan, Token);

        Assert.Empty((await Warehouse.PlanAsync(wanted, Token)).Steps);
        Assert.Equal([3L, 0L], (await QueryAsync("SELECT count(*), count(extra) FROM pairs"))[0]);
    }

    [Fact]
    public async Task Plan_accepts_wider_columns_and_names_contradictions()
    {
        await CreateTableAsync("wide", "id bigint, amount decimal(20,4), v text", "id");
        var fits = new TableSpec(new TableName("wide"), Rows.Schema("id integer, amount decimal(18,2), v text")) { PrimaryKey = ["id"] };
        Assert.Empty((await Warehouse.PlanAsync(fits, Token)).Steps);

        foreach (var (columns, key, named) in new[]
        {
            ("id bigint, amount decimal(20,6), v text", "id", "amount"),
            ("id bigint, amount decimal(20,4), v integer", "id", "v"),
            ("id bigint, amount decimal(20,4), v text", "v", "primary key"),
        })
        {
            var error = await Assert.ThrowsAsync<TidemillException>(() => Warehouse.PlanAsync(
                new TableSpec(new TableName("wide"), Rows.Schema(columns)) { PrimaryKey = [key] }, Token));
            Assert.Equal(ErrorCode.SchemaConflict, error.Code);
            Assert.Contains(named, error.Message, StringComparison.Ordinal);
        }
    }
}
