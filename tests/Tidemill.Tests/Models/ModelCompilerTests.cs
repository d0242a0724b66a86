using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;
using Tidemill.Models;
using Tidemill.Models.Graph;
using Tidemill.Models.Project;

namespace Tidemill.Tests.Models;

public sealed class ModelCompilerTests
{
    [Fact]
    public void References_become_relations_and_order_the_models()
    {
        using var folder = new DbtFolder(
            ("models/a_last.sql", "select * from {{ ref('shop', 'middle') }} join {{ ref('z_first') }} using (i)\n"),
            ("models/staging/z_first.sql", "select * from {{ source('raw', 'orders') }}"),
            ("models/middle.sql", "select * from {{ ref('z_first') }} -- {{ this }}, {{ this.identifier }}"),
            ("models/sources.yml", "sources:\n  - name: raw\n    schema: \"{{ target.schema }}\"\n    tables: [{name: orders, "
                + "identifier: orders_v2}]\n"));
        var graph = folder.Compile();
        Assert.Equal(["z_first", "middle", "a_last"], graph.Models.Select(model => model.Name));
        Assert.Equal("select * from \"main\".\"middle\" join \"main\".\"z_first\" using (i)", graph.Models[2].Sql);
        Assert.Equal(["middle", "z_first"], graph.Models[2].DependsOn);
        Assert.Equal("select * from \"main\".\"z_first\" -- \"main\".\"middle\", middle", graph.Models[1].Sql);
        Assert.Equal("select * from \"main\".\"orders_v2\"", graph.Models[0].Sql);
        Assert.Equal("orders", Assert.Single(graph.Models[0].Sources).Name);
        Assert.Equal("models/staging/z_first.sql", graph.Models[0].Path);
    }

    [Fact]
    public void Configuration_merges_from_the_project_to_the_folder_to_the_properties_to_the_model()
    {
        using var folder = new DbtFolder(
            ("models/plain.sql", "select 1 as i"),
            ("models/marts/a.sql", "select 1 as i"),
            ("models/marts/b.sql", "{{ config(materialized='view', alias='bee') }}select 1 as i"),
            ("models/marts/c.sql", "{{ config({'indexes': [{'columns': ['i'], 'unique': true}, {'columns': ['i', 'j']}]}) }}select 1 "
                + "as i, 2 as j"),
            ("models/marts/off.sql", "select 1 as i"),
            ("models/props.yml", "models:\n  - name: a\n    config: {alias: aye, schema: \"{{ var('area') }}\"}\n  - name: off\n    "
                + "config: {enabled: false}\n"));
        folder.Write("dbt_project.yml", """
            name: shop
            vars:
              area: other
              shop: {area: sales}
            models:
              +materialized: view
              shop:
                marts:
                  +materialized: table
            """);
        var models = folder.Compile().Models.ToDictionary(model => model.Name);
        Assert.Equal(["a", "b", "c", "plain"], models.Keys);
        Assert.Equal(Materialization.View, models["plain"].Config.Materialization);
        Assert.Equal(Materialization.Table, models["a"].Config.Materialization);
        Assert.Equal(new TableName("aye", "main_sales"), models["a"].Relation);
        Assert.Equal((Materialization.View, "bee"), (models["b"].Config.Materialization, models["b"].Relation.Name));
        Assert.Equal(
            [("i", true), ("i,j", false)], models["c"].Config.Indexes.Select(index => (string.Join(',', index.Columns), index.Unique)));
    }

    [Fact]
    public void Templates_see_variables_environment_target_and_macros()
    {
        using var folder = new DbtFolder(
            ("models/m.sql", "select {{ cents('amount') }} as a, '{{ var('region') }}', '{{ var('none', 'dflt') }}', '{{ "
                + "env_var('WHO') }}', '{{ env_var('NOPE', 'x') }}', '{{ target.name }}.{{ target.type }}', {{ is_incremental() }}{% "
                + "if execute %}, 1{% endif %}"),
            ("macros/cents.sql", "{% macro cents(column) %}{{ column }} / {{ var('scale') }}{% endmacro %}"));
        folder.Write("dbt_project.yml", "name: shop\nvars: {region: eu, scale: 100}\n");
        var sql = folder.Compile(new ModelTarget("prod", "public", "postgres"), new() { ["WHO"] = "me" }).Models[0].Sql;
        Assert.Equal("select amount / 100 as a, 'eu', 'dflt', 'me', 'x', 'prod.postgres', False, 1", sql);
    }

    [Fact]
    public void All_errors_come_at_once_with_file_and_line()
    {
        using var folder = new DbtFolder(
            ("models/orders.sql", "select 1"),
            ("models/a.sql", "select *\nfrom {{ ref('ordres') }}\njoin {{ source('raw', 'x') }}\n"),
            ("models/b.sql", "\n{{ config(materialized='tabel') }}select 1"),
            ("models/c.sql", "select\n {{ 1 + }}"),
            ("models/d.sql", "\n\nselect {{ var('missing') }}"),
            ("models/props.yml", "models:\n  - name: gone\n    config: {alias: x}\n"));
        Assert.Equal(["models/props.yml:3: models.gone: There is no model gone. Add its SQL file or remove the entry."], folder.Errors());
        File.Delete(Path.Combine(folder.Path, "models/props.yml"));
        var first = folder.Errors();
        Assert.Contains("models/b.sql:2: materialized: 'tabel' is no materialization. Did you mean 'table'?", first);
        Assert.Contains(first, error => error.StartsWith("models/c.sql:2: Unexpected", StringComparison.Ordinal));
        Assert.Contains(first, error => error.StartsWith("models/d.sql:3: Var: the variable 'missing'", StringComparison.Ordinal)
            || error.StartsWith("models/d.sql:3: The variable 'missing'", StringComparison.Ordinal));
        folder.Write("models/b.sql", "select 1");
        folder.Write("models/c.sql", "select 1");
        folder.Write("models/d.sql", "select 1");
        Assert.Equal(
        [
            "models/a.sql:2: There is no model ordres. Did you mean orders?",
            "models/a.sql:3: There is no source table raw.x. Declare it under sources: in a YAML file of the models folder.",
        ], folder.Errors());
    }

    [Fact]
    public void A_circle_is_reported_with_its_path()
    {
        using var folder = new DbtFolder(
            ("models/a.sql", "select * from {{ ref('b') }}"), ("models/b.sql", "select * from {{ ref('c') }}"),
            ("models/c.sql", "select * from {{ ref('b') }}"), ("models/me.sql", "select * from {{ ref('me') }}"));
        var errors = folder.Errors();
        Assert.Equal(2, errors.Count);
        Assert.Contains("in a circle: b -> c -> b.", errors[0], StringComparison.Ordinal);
        Assert.Contains("in a circle: me -> me.", errors[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Two_models_of_one_name_or_one_relation_are_refused()
    {
        using var folder = new DbtFolder(("models/a.sql", "select 1"), ("models/x/a.sql", "select 1"));
        Assert.Equal(["models/x/a.sql: The model a exists already: models/a.sql. Rename one of the two."], folder.Errors());
        using var other = new DbtFolder(("models/a.sql", "{{ config(alias='b') }}select 1"), ("models/b.sql", "select 1"));
        Assert.Contains("built by a and b", Assert.Single(other.Errors()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "a b c d x")]
    [InlineData("b", "b")]
    [InlineData("+c", "a b c")]
    [InlineData("b+", "b c d")]
    [InlineData("+b+", "a b c d")]
    [InlineData("x d", "d x")]
    public void Selectors_pick_models_with_what_stands_before_and_after(string selectors, string expected)
    {
        using var folder = new DbtFolder(
            ("models/a.sql", "select 1"),
            ("models/b.sql", "select * from {{ ref('a') }}"), ("models/c.sql", "select * from {{ ref('b') }}"),
            ("models/d.sql", "select * from {{ ref('b') }}"), ("models/x.sql", "select 1"));
        var selected = folder.Compile().Select(selectors.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(expected, string.Join(' ', selected.Select(model => model.Name)));
    }

    [Fact]
    public void An_unknown_selected_name_is_told_with_the_nearest()
    {
        using var folder = new DbtFolder(("models/orders.sql", "select 1"));
        var error = Assert.Throws<TidemillException>(() => folder.Compile().Select(["+order"]));
        Assert.Equal((ErrorCode.NotFound, "There is no model order. Did you mean orders?"), (error.Code, error.Message));
    }

    [Fact]
    public void A_line_of_the_SQL_leads_back_to_its_line_in_the_file()
    {
        using var folder = new DbtFolder(
            ("models/m.sql", "{{ config(\n  materialized='table'\n) }}\n\nselect\n  1 as a, -- line 6\n{% for i in [1, 2] %}\n  {{ i "
                + "}} as b{{ i }},\n{% endfor %}\n  2 as c -- line 10\n"));
        var model = folder.Compile().Models[0];
        var lines = model.Sql.Split('\n').ToList();
        Assert.Equal(6, model.FileLine(lines.FindIndex(line => line.Contains("line 6", StringComparison.Ordinal)) + 1));
        Assert.Equal(10, model.FileLine(lines.FindIndex(line => line.Contains("line 10", StringComparison.Ordinal)) + 1));
        Assert.Equal(5, model.FileLine(1));
    }

    [Fact]
    public void A_chain_of_ten_thousand_models_is_ordered()
    {
        using var folder = new DbtFolder();
        var files = Enumerable.Range(0, 10_000).Select(i => new ModelFile(
            $"m{i}", $"models/m{i}.sql", i == 0 ? "select 1 as i" : $"select * from {{{{ ref('m{i - 1}') }}}}", [])).ToList();
        var project = DbtProjectReader.Read(folder.Path) with { Models = files };
        var graph = ModelCompiler.Compile(project, DbtFolder.Dev, new Dictionary<string, string?>());
        Assert.Equal(Enumerable.Range(0, 10_000).Select(i => $"m{i}"), graph.Models.Select(model => model.Name));
        Assert.Equal(5001, graph.Select(["+m5000"]).Count);
    }
}
