using System.Globalization;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;
using Tidemill.Models;
using Tidemill.Models.Materializations;

namespace Tidemill.Tests.Models;

/// <summary>What building models does on every warehouse.</summary>
public abstract class ModelRunnerContractTests : IAsyncLifetime
{
    protected IWarehouse Warehouse { get; private set; } = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A warehouse of the test's own.</summary>
    protected abstract Task<IWarehouse> CreateAsync();

    public async ValueTask InitializeAsync() => Warehouse = await CreateAsync();

    public virtual async ValueTask DisposeAsync()
    {
        if (Warehouse is { } open)
            await open.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Tables_and_views_are_built_with_their_indexes_and_again_the_same()
    {
        using var folder = new DbtFolder(
            ("models/numbers.sql", "{{ config(materialized='table', indexes=[{'columns': ['i'], 'unique': true}, {'columns': ['j', "
                + "'i']}]) }}\nselect * from (values (1, 2), (2, 4), (3, 6)) as t(i, j)"),
            ("models/total.sql", "select sum(j) as total from {{ ref('numbers') }}"));
        for (var round = 0; round < 3; round++)
        {
            var results = await RunAsync(folder);
            Assert.Equal(
                [("numbers", ModelStatus.Succeeded), ("total", ModelStatus.Succeeded)],
                results.Select(result => (result.Model, result.Status)));
            Assert.Equal(3, results[0].Rows);
            Assert.Equal(RelationKind.Table, await KindAsync("numbers"));
            Assert.Equal(RelationKind.View, await KindAsync("total"));
            Assert.Equal("12", await ScalarAsync("select total from total"));
            Assert.Equal("2", await ScalarAsync(CountIndexes));
            Assert.Null(await KindAsync("numbers__tidemill_new"));
        }

        await Assert.ThrowsAsync<TidemillException>(() => Warehouse.ExecuteAsync("insert into numbers values (1, 1)", [], Token));
    }

    [Fact]
    public async Task A_relation_of_the_other_kind_is_replaced()
    {
        using var folder = new DbtFolder(("models/m.sql", "{{ config(materialized='view') }}select 1 as i"));
        await RunAsync(folder);
        Assert.Equal(RelationKind.View, await KindAsync("m"));
        folder.Write("models/m.sql", "{{ config(materialized='table') }}select 2 as i");
        Assert.Equal(
            "rebuild table " + Warehouse.DefaultSchema + ".m (replaces a view)",
            (await Runner(folder).PlanAsync([], Token)).Steps[0].Summary);
        await RunAsync(folder);
        Assert.Equal((RelationKind.Table, "2"), (await KindAsync("m"), await ScalarAsync("select i from m")));
        folder.Write("models/m.sql", "{{ config(materialized='view') }}select 3 as j");
        await RunAsync(folder);
        Assert.Equal((RelationKind.View, "3"), (await KindAsync("m"), await ScalarAsync("select j from m")));
    }

    [Fact]
    public async Task Readers_see_the_old_or_the_new_table_and_never_a_gap()
    {
        using var folder = new DbtFolder(
            ("models/t.sql", "{{ config(materialized='table', indexes=[{'columns': ['i']}]) }}select * from (values (1), (2), (3)) as "
                + "v(i)"),
            ("models/v.sql", "select count(*) as n from {{ ref('t') }}"));
        await RunAsync(folder);
        using var done = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            var reads = 0;
            for (; reads == 0 || !done.IsCancellationRequested; reads++)
                Assert.Equal("3", await ScalarAsync(reads % 2 == 0 ? "select count(*) from t" : "select n from v"));
            return reads;
        }, Token)).ToList();
        for (var round = 0; round < 20; round++)
            Assert.All(await RunAsync(folder), result => Assert.Equal(ModelStatus.Succeeded, result.Status));
        await done.CancelAsync();
        Assert.All(await Task.WhenAll(readers), reads => Assert.True(reads > 0));
    }

    [Fact]
    public async Task A_failure_keeps_the_old_table_skips_what_reads_it_and_builds_the_rest()
    {
        using var folder = new DbtFolder(
            ("models/a.sql", "{{ config(materialized='table') }}\nselect 1 as i"),
            ("models/b.sql", "select i from {{ ref('a') }}"),
            ("models/c.sql", "select i from {{ ref('b') }}"),
            ("models/other.sql", "select 5 as k"));
        await RunAsync(folder);
        folder.Write("models/a.sql", "{{ config(\n  materialized='table'\n) }}\nselect\n  1 as i,\n  nonesuch(2) as j");
        folder.Write("models/other.sql", "select 6 as k");
        var results = await RunAsync(folder);
        Assert.Equal(
            [("a", ModelStatus.Failed), ("b", ModelStatus.Skipped), ("c", ModelStatus.Skipped), ("other", ModelStatus.Succeeded)],
            results.Select(result => (result.Model, result.Status)));
        Assert.Equal((ErrorCode.SqlInvalid, "models/a.sql"), (results[0].Error!.Code, results[0].Error!.File));
        Assert.Contains("nonesuch", results[0].Error!.Message, StringComparison.Ordinal);
        AssertLine(6, results[0].Error!);
        Assert.Contains("because a was not built", results[1].Error!.Message, StringComparison.Ordinal);
        Assert.Equal(("1", "6"), (await ScalarAsync("select i from c"), await ScalarAsync("select k from other")));
    }

    [Fact]
    public async Task A_column_renamed_in_a_table_and_its_view_at_once_is_built()
    {
        using var folder = new DbtFolder(
            ("models/t.sql", "{{ config(materialized='table') }}select 1 as old_name"),
            ("models/v.sql", "select old_name from {{ ref('t') }}"));
        await RunAsync(folder);
        folder.Write("models/t.sql", "{{ config(materialized='table') }}select 2 as new_name");
        folder.Write("models/v.sql", "select new_name from {{ ref('t') }}");
        Assert.All(await RunAsync(folder), result => Assert.Equal(ModelStatus.Succeeded, result.Status));
        Assert.Equal("2", await ScalarAsync("select new_name from v"));
    }

    [Fact]
    public async Task Views_that_are_no_models_outlive_a_rebuild_of_their_table()
    {
        using var folder = new DbtFolder(("models/t.sql", "{{ config(materialized='table') }}select 1 as i"));
        await RunAsync(folder);
        await Warehouse.ExecuteAsync("create view mine as select i + 1 as j from t", [], Token);
        await Warehouse.ExecuteAsync("create view mine_too as select j + 1 as k from mine", [], Token);
        folder.Write("models/t.sql", "{{ config(materialized='table') }}select 10 as i");
        Assert.All(await RunAsync(folder), result => Assert.Equal(ModelStatus.Succeeded, result.Status));
        Assert.Equal("12", await ScalarAsync("select k from mine_too"));
    }

    [Fact]
    public async Task A_schema_of_its_own_is_created()
    {
        using var folder = new DbtFolder(("models/t.sql", "{{ config(materialized='table', schema='marts', alias='tee') }}select 1 as i"));
        Assert.Equal(ModelStatus.Succeeded, (await RunAsync(folder))[0].Status);
        Assert.Equal("1", await ScalarAsync($"select i from {Warehouse.DefaultSchema}_marts.tee"));
    }

    [Fact]
    public async Task Long_names_keep_their_indexes_apart()
    {
        var name = "t" + new string('x', 50);
        var column = "c" + new string('y', 40);
        using var folder = new DbtFolder(
            ($"models/{name}.sql", $"{{{{ config(materialized='table', indexes=[{{'columns': ['{column}1']}}, {{'columns': "
                + $"['{column}2']}}]) }}}}select 1 as {column}1, 2 as {column}2"));
        for (var round = 0; round < 2; round++)
            Assert.Equal(ModelStatus.Succeeded, (await RunAsync(folder))[0].Status);
    }

    [Fact]
    public async Task A_selection_builds_only_what_it_names()
    {
        using var folder = new DbtFolder(
            ("models/a.sql", "select 1 as i"), ("models/b.sql", "select i from {{ ref('a') }}"), ("models/c.sql", "select 1 as i"));
        Assert.Equal(["a", "b"], (await RunAsync(folder, "+b")).Select(result => result.Model));
        Assert.Null(await KindAsync("c"));
    }

    [Fact]
    public async Task A_cancelled_run_stops()
    {
        using var folder = new DbtFolder(("models/a.sql", "select 1 as i"));
        var runner = Runner(folder);
        var plan = await runner.PlanAsync([], Token);
        using var source = new CancellationTokenSource();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => runner.RunAsync(plan, null, source.Token));
        Assert.Null(await KindAsync("a"));
    }

    /// <summary>Counts the indexes of the table <c>numbers</c>.</summary>
    protected abstract string CountIndexes { get; }

    /// <summary>The error names the line, where the engine tells one.</summary>
    protected virtual void AssertLine(int line, ModelError error)
    {
        ArgumentNullException.ThrowIfNull(error);
        Assert.Equal(line, error.Line);
        Assert.StartsWith($"{error.File}:{line}: ", error.Message, StringComparison.Ordinal);
    }

    private ModelRunner Runner(DbtFolder folder) =>
        new(Warehouse, folder.Compile(ModelTarget.Of("test", Warehouse)), TimeProvider.System);

    private Task<IReadOnlyList<ModelResult>> RunAsync(DbtFolder folder, params string[] selection) =>
        Runner(folder).RunAsync(selection, Token);

    private async Task<RelationKind?> KindAsync(string name) => (await Warehouse.DescribeAsync(new TableName(name), Token))?.Kind;

    private async Task<string?> ScalarAsync(string sql)
    {
        await using var result = await Warehouse.QueryAsync(sql, [], readOnly: true, Token);
        var rows = await result.ReadRowsAsync(Token).ToListAsync(Token);
        return Convert.ToString(Assert.Single(rows)[0], CultureInfo.InvariantCulture);
    }
}
