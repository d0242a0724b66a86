using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace Tidemill.Tests.Deploy;

/// <summary>The example's docker-compose.yml as Compose reads it: anchors merged, variables filled in from .env.example.</summary>
internal sealed partial class ComposeFile
{
    public static readonly string Root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", ".."));
    public static readonly string Folder = Path.Combine(Root, "examples", "transactions");

    private readonly Dictionary<object, object> _document;

    public ComposeFile()
    {
        Text = File.ReadAllText(Path.Combine(Folder, "docker-compose.yml"));
        _document = ReadYaml(Fill(Text));
        Services = Map(_document, "services")
            .ToDictionary(s => (string)s.Key, s => new ComposeService((Dictionary<object, object>)s.Value));
    }

    public string Text { get; }

    public IReadOnlyDictionary<string, ComposeService> Services { get; }

    public IEnumerable<string> Volumes => Map(_document, "volumes").Keys.Cast<string>();

    public IReadOnlyDictionary<object, object> Secrets => Map(_document, "secrets");

    /// <summary>NAME=value lines, those that are commented out too.</summary>
    public static IReadOnlyDictionary<string, string> Example(bool commented) => File.ReadLines(Path.Combine(Folder, ".env.example"))
        .Select(line => ExampleLine().Match(line)).Where(m => m.Success && (commented || !m.Value.StartsWith('#')))
        .ToDictionary(m => m.Groups["name"].Value, m => m.Groups["value"].Value);

    /// <summary>Variables with what follows their name: <c>:-default</c>, <c>:?message</c> or nothing.</summary>
    public IEnumerable<(string Name, string Default)> Variables() =>
        Variable().Matches(Text).Select(m => (m.Groups["name"].Value, m.Groups["rest"].Value));

    public static Dictionary<object, object> ReadYaml(string text)
    {
        var parser = new MergingParser(new Parser(new StringReader(text)));
        return new DeserializerBuilder().Build().Deserialize<Dictionary<object, object>>(parser);
    }

    public static Dictionary<object, object> Map(Dictionary<object, object> from, string key) =>
        from.TryGetValue(key, out var value) && value is Dictionary<object, object> map ? map : [];

    private static string Fill(string text)
    {
        var values = Example(commented: false);
        return Variable().Replace(text, m => values.TryGetValue(m.Groups["name"].Value, out var value) ? value
            : m.Groups["rest"].Value.StartsWith(":-", StringComparison.Ordinal) ? m.Groups["rest"].Value[2..]
            : throw new InvalidDataException($"{m.Value} has no value."));
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;

    [GeneratedRegex(@"(?<!\$)\$\{(?<name>[A-Z0-9_]+)(?<rest>[^}]*)\}")]
    private static partial Regex Variable();

    [GeneratedRegex("^#?(?<name>[A-Z0-9_]+)=(?<value>.*)$")]
    private static partial Regex ExampleLine();
}

/// <summary>One service of it.</summary>
internal sealed class ComposeService(Dictionary<object, object> values)
{
    public string Image => (string)values["image"];

    public Dictionary<object, object> Build => ComposeFile.Map(values, "build");

    public bool HasHealthcheck => ComposeFile.Map(values, "healthcheck").ContainsKey("test");

    public string HealthcheckText => string.Join(' ', List(ComposeFile.Map(values, "healthcheck"), "test"));

    public IReadOnlyDictionary<string, string> Environment =>
        ComposeFile.Map(values, "environment").ToDictionary(e => (string)e.Key, e => (string)e.Value);

    public IEnumerable<(string Name, string Condition)> DependsOn => ComposeFile.Map(values, "depends_on")
        .Select(d => ((string)d.Key, (string)((Dictionary<object, object>)d.Value)["condition"]));

    /// <summary>Address, port on this machine and port in the container.</summary>
    public IEnumerable<(string Address, int Host, int Container)> Ports => List(values, "ports").Select(p => p.Split(':')).Select(p =>
        (p[0], int.Parse(
            p[1], System.Globalization.CultureInfo.InvariantCulture), int.Parse(p[2], System.Globalization.CultureInfo.InvariantCulture)));

    public IEnumerable<(string Source, string Target)> Mounts =>
        List(values, "volumes").Select(v => v.Split(':')).Select(v => (v[0], v[1]));

    public IEnumerable<string> Secrets => List(values, "secrets");

    private static IEnumerable<string> List(Dictionary<object, object> from, string key) =>
        from.TryGetValue(key, out var value) ? ((List<object>)value).Cast<string>() : [];
}
