using System.Globalization;
using System.Text.RegularExpressions;

namespace Tidemill.Tests.Observability;

/// <summary>One sample as a strict reader of Prometheus' text format 0.0.4 sees it.</summary>
public sealed record Sample(string Name, IReadOnlyDictionary<string, string> Labels, double Value);

/// <summary>
/// Reads the format as its specification has it and fails on everything outside: families in one piece, HELP and TYPE once
/// and before samples, names, label escapes, LF after every line, no sample twice.
/// </summary>
public static partial class PrometheusText
{
    public static IReadOnlyList<Sample> Parse(string text)
    {
        Assert.EndsWith("\n", text);
        Assert.DoesNotContain('\r', text);
        List<Sample> samples = [];
        Dictionary<string, string> types = [];
        HashSet<string> closed = [];
        HashSet<string> seen = [];
        string? family = null;
        foreach (var line in text[..^1].Split('\n'))
        {
            if (Header().Match(line) is { Success: true } header)
            {
                var name = header.Groups["name"].Value;
                if (header.Groups["kind"].Value == "HELP")
                {
                    if (family is not null) closed.Add(family);
                    Assert.DoesNotContain(name, closed);
                    family = name;
                    continue;
                }

                Assert.Equal(family, name);
                Assert.Contains(header.Groups["rest"].Value, new[] { "counter", "gauge", "summary" });
                Assert.True(types.TryAdd(name, header.Groups["rest"].Value), $"TYPE of {name} stands twice.");
                continue;
            }

            var sample = ParseSample(line);
            Assert.Equal(family, sample.Name);
            Assert.True(types.ContainsKey(sample.Name), $"{sample.Name} has no TYPE.");
            Assert.Equal(types[sample.Name] == "counter", sample.Name.EndsWith("_total", StringComparison.Ordinal));
            Assert.True(seen.Add(line[..line.LastIndexOf(' ')]), $"Sample twice: {line}");
            samples.Add(sample);
        }

        return samples;
    }

    private static Sample ParseSample(string line)
    {
        var match = Line().Match(line);
        Assert.True(match.Success, $"Not a sample: {line}");
        var labels = new Dictionary<string, string>();
        for (var i = 0; i < match.Groups["label"].Captures.Count; i++)
        {
            var value = Escape().Replace(match.Groups["text"].Captures[i].Value, m => m.Value == @"\n" ? "\n" : m.Value[1..]);
            Assert.True(labels.TryAdd(match.Groups["label"].Captures[i].Value, value), $"Label twice: {line}");
        }

        return new Sample(match.Groups["name"].Value, labels, match.Groups["value"].Value switch
        {
            "+Inf" => double.PositiveInfinity,
            "-Inf" => double.NegativeInfinity,
            "NaN" => double.NaN,
            var number => double.Parse(number, NumberStyles.Float, CultureInfo.InvariantCulture),
        });
    }

    [GeneratedRegex(@"^# (?<kind>HELP|TYPE) (?<name>[a-zA-Z_:][a-zA-Z0-9_:]*) (?<rest>.*)$")]
    private static partial Regex Header();

    [GeneratedRegex(
        @"^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{((?<label>[a-zA-Z_][a-zA-Z0-9_]*)=""(?<text>([^""\\]|\\[\\""n])*)"",?)+\})? (?<value>[+-]Inf|NaN|-?[0-9.]+([eE][+-]?[0-9]+)?)$")]
    private static partial Regex Line();

    [GeneratedRegex(@"\\.")]
    private static partial Regex Escape();
}
