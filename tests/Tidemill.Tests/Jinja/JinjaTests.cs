using Tidemill.Jinja;

namespace Tidemill.Tests.Jinja;

public sealed class JinjaTests
{
    [Theory]
    [InlineData("a\n  {{ b + 1 }}", 2, 8, "'b' is undefined")]
    [InlineData("{% if x %}\n{% for y in z %}\n", 2, 4, "'for' is not closed: 'else' or 'endfor' is missing")]
    [InlineData("\n\n{{ 'x'|uper }}", 3, 8, "No filter named 'uper'.")]
    [InlineData("{{ 1 +\n * 2 }}", 2, 2, "unexpected '*'")]
    [InlineData("{% endfor %}", 1, 4, "unknown tag 'endfor'")]
    [InlineData("{% macro m(a) %}{{ a.b.c }}{% endmacro %}\n{{ m({}) }}", 1, 23, "'dict object' has no attribute 'b'")]
    [InlineData("{{ m() }}{% macro m() %}{{ 1 // 0 }}{% endmacro %}\n{{ m() }}", 1, 5, "'m' is undefined")]
    [InlineData("x\n{% do 'a'.join([1]) %}", 2, 15, "a string is wanted, not int")]
    public void Errors_say_where_and_what(string template, int line, int column, string problem)
    {
        var error = Assert.Throws<JinjaException>(() => Render(template));
        Assert.Equal(("models/a.sql", line, column), (error.TemplateName, error.Line, error.Column));
        Assert.StartsWith(problem, error.Problem, StringComparison.Ordinal);
        Assert.StartsWith($"models/a.sql:{line}:{column}: ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "deeper than 200 levels")]
    [InlineData("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}", "deeper than 200 levels")]
    [InlineData("{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}", "steps")]
    [InlineData("{{ 'a' * 100000000 }}", "too long")]
    [InlineData("{{ 10 ** 10000000 }}", "4300 digits")]
    [InlineData("{{ range(1000000) }}", "at most 100000")]
    [InlineData("{% set l = [] %}{% do l.append(l) %}{{ l|tojson }}", "nested too deep")]
    [InlineData("{{ '%1000000000d' % 1 }}", "larger than")]
    [InlineData("{{ 'a'.ljust(100000000) }}", "larger than")]
    [InlineData("{% set x = 'ab' * 1000000 %}{% for i in range(100) %}{{ x }}{% endfor %}", "output is larger")]
    public void Runaway_templates_end_with_an_error(string template, string problem)
    {
        var environment = new JinjaEnvironment(new JinjaOptions { MaxSteps = 2_000_000 });
        var error = Assert.Throws<JinjaException>(() => environment.Parse("t", template).Render(DictionaryContext.Empty));
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Brackets_and_long_sums_nested_too_deep_are_refused()
    {
        Assert.Contains("deeper", Refusal($"{{{{ {new string('(', 5000)}1{new string(')', 5000)} }}}}"), StringComparison.Ordinal);
        Assert.Contains("deeper", Refusal($"{{{{ {new string('-', 5000)}1 }}}}"), StringComparison.Ordinal);
        Assert.Contains("deeper", Refusal($"{{{{ {string.Concat(Enumerable.Repeat("not ", 5000))}1 }}}}"), StringComparison.Ordinal);
        Assert.Contains("deeper", Refusal(string.Concat(Enumerable.Repeat("{% if 1 %}", 5000))), StringComparison.Ordinal);
        Assert.Contains("too deep", Refusal($"{{{{ 1{string.Concat(Enumerable.Repeat(" + 1", 200_000))} }}}}"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_adds_functions_objects_filters_and_tests()
    {
        var environment = new JinjaEnvironment();
        environment.Globals["ref"] = new JinjaCallable("ref", arguments => $"main.{arguments.Bind(new Signature("ref", 1, "name"))[0]}");
        environment.Globals["target"] =
            new Dictionary<string, object?> { ["schema"] = "main", ["threads"] = 4, ["ports"] = new[] { 1, 2 } };
        environment.Filters["shout"] = arguments => arguments.Positional[0] + "!";
        environment.Tests["short"] = arguments => JinjaValue.ToText(arguments.Positional[0]).Length < 3;
        var template = environment.Parse(
            "t", "{{ ref('a') }} {{ target.schema }} {{ target.threads + 1 }} {{ target.ports }} {{ 'x'|shout }} {{ 'ab' is short }}");
        Assert.Equal("main.a main 5 [1, 2] x! True", template.Render(DictionaryContext.Empty));
    }

    [Fact]
    public void What_a_host_function_throws_is_kept_and_placed()
    {
        var environment = new JinjaEnvironment();
        environment.Globals["ref"] = new JinjaCallable("ref", _ => throw new InvalidOperationException("no such model"));
        var error = Assert.Throws<JinjaException>(() => environment.Parse("t", "\n {{ ref('a') }}").Render(DictionaryContext.Empty));
        Assert.Equal("t:2:8: ref: no such model", error.Message);
        Assert.IsType<InvalidOperationException>(error.InnerException);
    }

    [Fact]
    public void Macros_of_one_template_are_called_from_another()
    {
        var environment = new JinjaEnvironment();
        var names = environment.Parse(
            "macros/m.sql",
            "{% macro twice(x) %}{{ helper(x) }}{{ helper(x) }}{% endmacro %}\n{% macro helper(x) %}{{ x + 1 }}{% endmacro %}")
            .Load(DictionaryContext.Empty);
        var context = new DictionaryContext(names);
        Assert.Equal("22", environment.Parse("t", "{{ twice(1) }}").Render(context));
        var error = Assert.Throws<JinjaException>(() => environment.Parse("t", "{{ twice('a') }}").Render(context));
        Assert.Equal("macros/m.sql:2:27", $"{error.TemplateName}:{error.Line}:{error.Column}");
    }

    [Fact]
    public void Chainable_undefined_reads_on()
    {
        var environment = new JinjaEnvironment(new JinjaOptions { Undefined = UndefinedBehavior.Chainable });
        Assert.Equal("[]", environment.Parse("t", "[{{ a.b['c'].d }}]").Render(DictionaryContext.Empty));
    }

    [Fact]
    public void Cancellation_stops_a_rendering()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        var template = new JinjaEnvironment().Parse("t", "{% for i in range(100000) %}{{ i }}{% endfor %}");
        Assert.Throws<OperationCanceledException>(() => template.Render(DictionaryContext.Empty, source.Token));
    }

    private static string Render(string template) =>
        new JinjaEnvironment().Parse("models/a.sql", template).Render(DictionaryContext.Empty);

    private static string Refusal(string template) => Assert.Throws<JinjaException>(() => Render(template)).Message;
}
