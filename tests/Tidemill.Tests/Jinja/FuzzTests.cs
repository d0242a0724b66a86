using System.Text.Json;
using Tidemill.Jinja;

namespace Tidemill.Tests.Jinja;

public sealed class FuzzTests
{
    private static readonly string[] Pieces =
    [
        "{{",
        "}}", "{%", "%}", "{#", "#}", "-", "+", "(", ")", "[", "]", "{", "}", "|", ".", ",", ":", "'", "\"", "\\", "~", "**", "//", "%",
        " if ",
        " else ", " for ", " in ", " is ", " not ", "loop", "items", "missing", "none", "1e400", "0x", "9223372036854775807", "\n", "\r\n",
        "😀", "\ud800",
        "\0", "{% raw %}", "{% endraw %}", "{% endif %}", "{% endfor %}", "{% set x = [] %}", "|list", "|map('upper')", "|sort", "|tojson",
    ];

    [Fact]
    public void Mutated_templates_fail_with_nothing_but_a_placed_JinjaException()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var environment = new JinjaEnvironment(new JinjaOptions { MaxSteps = 20_000, MaxOutputCharacters = 1 << 20 });
        var context = new DictionaryContext(new Dictionary<string, object?>
        {
            ["items"] = new[] { 3, 1, 2 },
            ["d"] = new Dictionary<string, object?> { ["a"] = 1 },
            ["n"] = 7,
            ["name"] = "World",
            ["x"] = 2.5,
        });
        var templates = Golden();
        for (var round = 0; round < 20_000; round++)
        {
            var template = Mutate(templates[random.Next(templates.Count)], random);
            try
            {
                environment.Parse("fuzz", template).Render(context);
            }
            catch (JinjaException e) when (e is { TemplateName: "fuzz", Line: > 0, Column: > 0 })
            {
            }
            catch (Exception e)
            {
                Assert.Fail($"seed {seed}, round {round}, template {JsonSerializer.Serialize(template)}: {e}");
            }
        }
    }

    private static string Mutate(string template, Random random)
    {
        for (var times = random.Next(1, 4); times > 0; times--)
        {
            var at = random.Next(template.Length + 1);
            var length = random.Next(Math.Min(8, template.Length - at) + 1);
            template = random.Next(4) switch
            {
                0 => template.Remove(at, length),
                1 => template.Insert(at, Pieces[random.Next(Pieces.Length)]),
                2 => template.Remove(at, length).Insert(at, Pieces[random.Next(Pieces.Length)]),
                _ => template.Insert(at, template.Substring(at, length)),
            };
        }

        return template;
    }

    private static List<string> Golden() =>
    [
        .. Directory.EnumerateFiles(GoldenTests.GoldenFolder(), "*.json").Order(StringComparer.Ordinal).SelectMany(file =>
        {
            using var document = JsonDocument.Parse(File.ReadAllText(file));
            return document.RootElement.GetProperty("cases").EnumerateArray()
                .Select(golden => golden.GetProperty("template").GetString()!).ToList();
        }),
    ];
}
