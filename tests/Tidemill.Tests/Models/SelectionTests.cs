using System.Text.Json;
using Tidemill.Core.Errors;
using Tidemill.Models.Selection;

namespace Tidemill.Tests.Models;

/// <summary>Selectors pick what dbt picks; tests/golden/dbt/selection.py asked it.</summary>
public sealed class SelectionTests
{
    [Fact]
    public void Selectors_pick_the_models_that_dbt_picks()
    {
        using var golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(Jinja.GoldenTests.GoldenFolder(), "../dbt/selection.json")));
        var files = golden.RootElement.GetProperty("files").EnumerateObject();
        using var folder = new DbtFolder([.. files.Select(file => (file.Name, file.Value.GetString()!))]);
        var graph = folder.Compile();
        var cases = golden.RootElement.GetProperty("cases").EnumerateArray().ToList();
        var differences = cases.Select(wanted => (Selector: wanted.GetProperty("select").GetString()!, Wanted: Answer(wanted)))
            .Where(pair => Picked(pair.Selector) != pair.Wanted)
            .Select(pair => $"{pair.Selector}: dbt {pair.Wanted}, here {Picked(pair.Selector)}").ToList();
        Assert.True(cases.Count > 100);
        Assert.Empty(differences);

        string Picked(string selector)
        {
            try
            {
                return string.Join(' ', graph.Select([selector]).Select(model => model.Name).Order(StringComparer.Ordinal));
            }
            catch (TidemillException e) when (e.Code is ErrorCode.NotFound or ErrorCode.InvalidRequest)
            {
                if (e.Code == ErrorCode.InvalidRequest)
                    return "refused";
                // Where dbt goes on with the other parts.
                return selector.Contains(' ') ? string.Join(' ', selector.Split(' ').Select(Picked).Where(names => names != "")) : "";
            }
        }
    }

    [Theory]
    [InlineData("state:modified", "The selection method 'state' is dbt's, but models here cannot be selected by it yet.")]
    [InlineData("@a+", "'@a+' has both '@' and a '+' behind it; '@' takes what reads a model anyway.")]
    [InlineData("9999999999+a", "'9999999999+a' goes more steps than a graph can have.")]
    public void A_selector_that_cannot_be_followed_says_why(string selector, string problem)
    {
        using var folder = new DbtFolder(("models/a.sql", "select 1"));
        var error = Assert.Throws<TidemillException>(() => folder.Compile().Select([selector]));
        Assert.Equal((ErrorCode.InvalidRequest, problem), (error.Code, error.Message));
    }

    [Fact]
    public void A_part_that_selects_nothing_is_an_error_though_others_select_models()
    {
        using var folder = new DbtFolder(("models/a.sql", "select 1"));
        var error = Assert.Throws<TidemillException>(() => folder.Compile().Select(["a", "tag:x"]));
        Assert.Equal((ErrorCode.NotFound, "'tag:x' selects no model."), (error.Code, error.Message));
    }

    /// <summary>The answers are those of Python's fnmatch.</summary>
    [Theory]
    [InlineData("a]b", "a[]]b", true)]
    [InlineData("axb", "a[!]]b", true)]
    [InlineData("a^b", "a[^x]b", true)]
    [InlineData("ab", "a[b", false)]
    [InlineData("a[b", "a[b", true)]
    [InlineData("a.b", "a?b*", true)]
    [InlineData("A", "a*", false)]
    [InlineData("a\nb", "a*", true)]
    public void Wildcards_match_as_in_the_shell(string text, string pattern, bool expected) =>
        Assert.Equal(expected, Wildcard.Matches(text, pattern));

    private static string Answer(JsonElement golden) => golden.TryGetProperty("models", out var models)
        ? string.Join(' ', models.EnumerateArray().Select(model => model.GetString())) : "refused";
}
