using Tidemill.Jinja;

namespace Tidemill.Tests.Jinja;

/// <summary>What a host adds to templates: block tags, macros called from outside, return(), values of its own.</summary>
public sealed class HostTests
{
    private static readonly JinjaOptions DbtOptions = new()
    {
        TypedParameters = true,
        BlockTags =
        [
            new JinjaBlockTag("docs", JinjaBlockHead.Name),
            new JinjaBlockTag("test", JinjaBlockHead.Parameters),
            new JinjaBlockTag("materialization", JinjaBlockHead.Options, "default", "adapter", "supported_languages"),
        ],
    };

    [Fact]
    public void Block_tags_of_the_host_are_macros_of_the_template_and_print_nothing()
    {
        var template = new JinjaEnvironment(DbtOptions).Parse(
            "m.sql",
            "a{% docs orders %}# Orders{% enddocs %}b\n"
            + "{% test positive(model, column_name, least=0) %}{{ column_name }} < {{ least }}{% endtest %}"
            + "{% materialization view, adapter='duckdb', supported_languages=['sql', 'python'] -%} x {%- endmaterialization %}"
            + "{% materialization table, default %}{% endmaterialization %}{% macro plain(a) %}{{ a }}{% endmacro %}");
        Assert.Equal("ab\n", template.Render(DictionaryContext.Empty));
        Assert.Equal(
            [
                "docs orders()", "test positive(model, column_name, least)", "materialization view()", "materialization table()",
                "macro plain(a)",
            ],
            template.Macros.Select(macro => $"{macro.Tag} {macro.Name}({string.Join(", ", macro.Parameters)})"));
        Assert.Equal("duckdb", template.Macros[2].Options["adapter"]);
        Assert.Equal(["sql", "python"], (JinjaList)template.Macros[2].Options["supported_languages"]!);
        Assert.Equal(true, template.Macros[3].Options["default"]);
        Assert.Equal(new SourcePosition(2, 4), template.Macros[1].Position);
    }

    [Theory]
    [InlineData("{% test x(a) %}", 1, 4, "'test' is not closed: 'endtest' is missing")]
    [InlineData("\n{% materialization x, speed=1 %}{% endmaterialization %}", 2, 23, "materialization 'x' received unknown argument 'spe")]
    [InlineData("{% materialization x, adapter=y %}{% endmaterialization %}", 1, 31, "an option's value is a literal")]
    [InlineData("{% docs %}{% enddocs %}", 1, 9, "unexpected end of statement block, expected a name")]
    [InlineData("{% macro m(a: ) %}{% endmacro %}", 1, 15, "unexpected ')', expected a name")]
    [InlineData("{% snapshot s %}{% endsnapshot %}", 1, 4, "unknown tag 'snapshot'")]
    public void Errors_in_tags_of_the_host_say_where(string source, int line, int column, string problem)
    {
        var error = Assert.Throws<JinjaException>(() => new JinjaEnvironment(DbtOptions).Parse("m.sql", source));
        Assert.Equal((line, column), (error.Line, error.Column));
        Assert.StartsWith(problem, error.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Types_of_parameters_are_read_and_have_no_effect() =>
        Assert.Equal("12", Call("{% macro m(a: string, b: dict[str, list[int]] = 2) %}{{ a }}{{ b }}{% endmacro %}", 1L));

    [Theory]
    [InlineData("{{ return([1, 2]) }}", "[1, 2]")]
    [InlineData("{% do return('x') %}never", "x")]
    [InlineData("before{% for i in [1, 2, 3] %}{% if i == 2 %}{{ return(i) }}{% endif %}{% endfor %}after", "2")]
    [InlineData("{% set x %}{{ return(5) }}{% endset %}no", "5")]
    [InlineData("{% filter upper %}{{ return('a') }}{% endfilter %}", "a")]
    [InlineData("{% with a = 1 %}{{ return(a) }}{% endwith %}", "1")]
    [InlineData("{% set x = return(7) ~ 'no' %}{{ x }}", "7")]
    [InlineData("{{ 'a' ~ return(8) }}", "8")]
    [InlineData("{% macro inner() %}{{ return(3) }}{% endmacro %}{{ inner() }}no", "3")]
    [InlineData("{% macro wrap() %}<{{ caller() }}>{% endmacro %}{% call wrap() %}{{ return(4) }}{% endcall %}", "4")]
    [InlineData("{% for i in [[2]] recursive %}{% if i is number %}{{ return(i) }}{% endif %}{{ loop(i) }}{% endfor %}", "2")]
    [InlineData("{{ return(none) }}", "None")]
    [InlineData("text", "text")]
    public void Return_ends_the_macro_with_a_value(string body, string expected) =>
        Assert.Equal(expected, Call($"{{% macro m(a) %}}{body}{{% endmacro %}}", 1L));

    [Fact]
    public void A_returned_value_keeps_its_type_and_leaves_the_caller_as_it_was()
    {
        var environment = new JinjaEnvironment();
        var macros = environment.Parse(
            "macros/m.sql",
            "{% macro items() %}{% for i in [1, 2] %}{% set x %}{{ return([i, {'k': i}]) }}{% endset %}{% endfor %}{% endmacro %}").Macros;
        var context = Context(macros);
        var template = environment.Parse("t", "{% set i = 'outer' %}a{% set r = items() %}{{ r[:1] }} {{ r[1].k }}|{{ i }}");
        Assert.Equal("a[1] 1|outer", template.Render(context));
    }

    [Fact]
    public void Return_outside_of_a_macro_is_an_error()
    {
        var error = Assert.Throws<JinjaException>(
            () => new JinjaEnvironment().Parse("t", "\n {{ return(1) }}").Render(Context([])));
        Assert.Equal("t:2:11: return() stands outside of a macro", error.Message);
    }

    [Fact]
    public void Macros_of_a_template_call_each_other_through_the_context_so_that_a_host_can_override_them()
    {
        var environment = new JinjaEnvironment();
        var macros = environment.Parse("m", "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}old{% endmacro %}").Macros;
        var names = macros.ToDictionary(macro => macro.Name, macro => (object?)macro);
        names["b"] = new JinjaCallable("b", _ => "new");
        Assert.Equal("new", environment.Call(macros[0], new DictionaryContext(names), []));
    }

    [Fact]
    public void An_error_says_which_macros_were_running_and_stands_where_it_happened()
    {
        var environment = new JinjaEnvironment();
        var macros = environment.Parse(
            "macros/m.sql", "{% macro outer() %}{{ inner() }}{% endmacro %}\n{% macro inner() %}\n{{ missing.x }}{% endmacro %}").Macros;
        var template = environment.Parse("models/a.sql", "{{ outer() }}");
        var error = Assert.Throws<JinjaException>(() => template.Render(Context(macros)));
        Assert.Equal("macros/m.sql:3:11: 'missing' is undefined", error.Message);
        Assert.Equal(["inner", "outer"], error.Macros.Select(macro => macro.Name));
        error = Assert.Throws<JinjaException>(() => environment.Parse("models/b.sql", "{{ outer(1) }}").Render(Context(macros)));
        Assert.Equal("models/b.sql:1:9: macro 'outer' takes not more than 0 argument(s)", error.Message);
    }

    [Fact]
    public void A_host_that_catches_a_failing_macro_goes_on_with_the_output_as_it_was()
    {
        var environment = new JinjaEnvironment();
        var macros = environment.Parse("m", "{% macro bad() %}lost{{ 1 // 0 }}{% endmacro %}").Macros;
        environment.Globals["attempt"] = new JinjaCallable("attempt", arguments =>
        {
            try
            {
                return arguments.Call((IJinjaCallable)arguments.Positional[0]!, []);
            }
            catch (JinjaException e)
            {
                return e.Problem;
            }
        });
        Assert.Equal(
            "1[division by zero]2", environment.Parse("t", "{% set a = 2 %}1[{{ attempt(bad) }}]{{ a }}").Render(Context(macros)));
    }

    [Theory]
    [InlineData("{{ a.b.c('x')[0].d() }}|{{ a() }}|{% for i in a.items() %}{{ i }}{% endfor %}", "||")]
    [InlineData("{% if a.b() %}x{% else %}y{% endif %}{{ a is defined }}", "yFalse")]
    public void Callable_undefined_is_read_called_and_walked(string source, string expected)
    {
        var environment = new JinjaEnvironment(new JinjaOptions { Undefined = UndefinedBehavior.Callable });
        Assert.Equal(expected, environment.Parse("t", source).Render(DictionaryContext.Empty));
        Assert.Throws<JinjaException>(() => environment.Parse("t", "{{ a() + 1 }}").Render(DictionaryContext.Empty));
    }

    /// <summary>The answers are those of dbt's native environment, which is Jinja2's with quotes kept.</summary>
    [Theory]
    [InlineData("{{ x }}", 3L)]
    [InlineData("{{ x|int }}", 3L)]
    [InlineData("{{ 1 }}", "1")]
    [InlineData("{{ true }}", "True")]
    [InlineData("{{ none }}", "None")]
    [InlineData("{{ 1 + 1 }}", "2")]
    [InlineData("{{ [1, 2] }}", "[1, 2]")]
    [InlineData("{{ [3, 1]|sort }}", "[1, 3]")]
    [InlineData("{{ {'a': 1}.a }}", "1")]
    [InlineData(" {{ x }}", " 3")]
    [InlineData("{{ x }}{{ x }}", "33")]
    [InlineData("{% set a = 1 %}{{ a }}", 1L)]
    [InlineData("{% for i in [1] %}{{ i }}{% endfor %}", 1L)]
    [InlineData("{# c #}{{ x == 3 }}", true)]
    [InlineData("{{ l[0] }}", 1L)]
    [InlineData("", "")]
    public void Native_rendering_gives_the_value_of_the_one_thing_printed(string source, object expected)
    {
        var context = new DictionaryContext(new Dictionary<string, object?> { ["x"] = 3, ["l"] = new[] { 1, 2 } });
        Assert.Equal(expected, new JinjaEnvironment().Parse("t", source).RenderNative(context));
    }

    [Fact]
    public void Native_rendering_keeps_lists_and_dicts()
    {
        var context = new DictionaryContext(new Dictionary<string, object?> { ["x"] = 3 });
        Assert.Equal([1L, 3L], (JinjaList)new JinjaEnvironment().Parse("t", "{{ [1, x] }}").RenderNative(context)!);
        Assert.IsType<JinjaDict>(new JinjaEnvironment().Parse("t", "{{ dict(a=1) }}").RenderNative(context));
    }

    private static string Call(string source, params object?[] arguments)
    {
        var environment = new JinjaEnvironment(DbtOptions);
        var macro = environment.Parse("m", source).Macros[0];
        return JinjaValue.ToText(environment.Call(macro, Context([]), arguments));
    }

    private static DictionaryContext Context(IEnumerable<JinjaMacro> macros)
    {
        var names = macros.ToDictionary(macro => macro.Name, macro => (object?)macro);
        names["return"] = JinjaReturn.Function;
        return new DictionaryContext(names);
    }
}
