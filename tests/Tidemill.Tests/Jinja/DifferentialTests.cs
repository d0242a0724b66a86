using Tidemill.Jinja;

namespace Tidemill.Tests.Jinja;

/// <summary>
/// Generated templates render as Python's jinja2 renders them, or both refuse them. The same ones each time, so that a rare difference
/// is found by whoever looks for it: TIDEMILL_TEST_SEED and TIDEMILL_TEST_ROUNDS give others, and more.
/// </summary>
public sealed class DifferentialTests
{
    [Fact]
    public void Generated_templates_render_as_python_jinja2_renders_them()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("TIDEMILL_TEST_SEED"), out var given) ? given : 15;
        var rounds = int.TryParse(Environment.GetEnvironmentVariable("TIDEMILL_TEST_ROUNDS"), out var wanted) ? wanted : 3_000;
        using var oracle = Jinja2.Start();
        var generator = new TemplateGenerator(new Random(seed));
        var failures = new List<string>();
        var rendered = 0;
        for (var round = 0; round < rounds; round++)
        {
            var template = generator.Template();
            var answer = oracle.Ask(new { template });
            // Python prints where an iterator lies in memory.
            var expected = answer.TryGetProperty("expected", out var text) ? text.GetString() : null;
            if (expected?.Contains("ect at 0x", StringComparison.Ordinal) == true)
                continue;
            rendered += expected is null ? 0 : 1;
            if (GoldenTests.Difference(template, new JinjaOptions(), answer, oracle.Context) is { } difference)
                failures.Add(difference);
        }

        Assert.True(rendered > rounds / 3, $"seed {seed}: only {rendered} of {rounds} templates render, the generator compares too little");
        Assert.True(
            failures.Count == 0,
            $"seed {seed}: {failures.Count} of {rounds} differ:\n"
            + string.Join("\n", failures.OrderBy(difference => difference.Length).Take(60)));
    }
}
