using System.Text.Json;
using Tidemill.Jinja;

namespace Tidemill.Tests.Jinja;

/// <summary>
/// Every case of tests/golden/jinja, whose answers Python's jinja2 gave, renders equal or is refused too.
/// </summary>
public sealed class GoldenTests
{
    [Theory]
    [InlineData("expressions")]
    [InlineData("filters")]
    [InlineData("methods")]
    [InlineData("statements")]
    [InlineData("syntax_errors")]
    [InlineData("whitespace")]
    [InlineData("strict")]
    public void Templates_render_as_python_jinja2_renders_them(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(GoldenFolder(), file + ".json")));
        var failures = new List<string>();
        var count = 0;
        foreach (var golden in document.RootElement.GetProperty("cases").EnumerateArray())
        {
            count++;
            if (Difference(golden, document.RootElement.GetProperty("context")) is { } difference)
                failures.Add(difference);
        }

        Assert.True(count > 10);
        Assert.True(failures.Count == 0, $"{failures.Count} of {count} differ:\n{string.Join("\n", failures)}");
    }

    private static string? Difference(JsonElement golden, JsonElement context)
    {
        var options = new JinjaOptions
        {
            TrimBlocks = Flag(golden, "trim_blocks"),
            LstripBlocks = Flag(golden, "lstrip_blocks"),
            KeepTrailingNewline = Flag(golden, "keep_trailing_newline"),
            Undefined = Flag(golden, "strict") ? UndefinedBehavior.Strict : UndefinedBehavior.Lenient,
        };
        return Difference(golden.GetProperty("template").GetString()!, options, golden, context);
    }

    /// <summary>How the rendering of a template differs from what jinja2 answered, or null when it does not.</summary>
    internal static string? Difference(string template, JinjaOptions options, JsonElement answer, JsonElement context)
    {
        var isRefused = answer.TryGetProperty("error", out var error);
        try
        {
            var actual = new JinjaEnvironment(options).Parse("golden", template).Render(Context(context));
            if (isRefused)
                return $"{template}\n   printed {actual}, jinja2 raised {error}: {Message(answer)}";
            var expected = answer.GetProperty("expected").GetString();
            return actual == expected ? null : $"{template}\n   expected {expected}\n   actual   {actual}";
        }
        catch (JinjaException e)
        {
            if (!isRefused)
                return $"{template}\n   expected {answer.GetProperty("expected")}\n   refused  {e.Message}";
            var isPlaced = e is { TemplateName: "golden", Line: > 0, Column: > 0 };
            return isPlaced ? null : $"{template}\n   refused without a place: {e.Message}";
        }
    }

    private static string? Message(JsonElement answer) => answer.TryGetProperty("message", out var message) ? message.GetString() : null;

    private static bool Flag(JsonElement golden, string name) => golden.TryGetProperty(name, out var flag) && flag.GetBoolean();

    private static DictionaryContext Context(JsonElement context) =>
        new(context.EnumerateObject().ToDictionary(property => property.Name, property => Value(property.Value)));

    private static object? Value(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.True or JsonValueKind.False => element.GetBoolean(),
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number => element.TryGetInt64(out var number) ? (object)number : element.GetDouble(),
        JsonValueKind.Array => element.EnumerateArray().Select(Value).ToList(),
        _ => element.EnumerateObject().Select(p => KeyValuePair.Create(p.Name, Value(p.Value))).ToList(),
    };

    internal static string GoldenFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "tests", "golden", "jinja");
            if (Directory.Exists(candidate))
                return candidate;
        }

        throw new DirectoryNotFoundException("tests/golden/jinja");
    }
}
