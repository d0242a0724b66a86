using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Tidemill.Tests;

/// <summary>What ARCHITECTURE.md and CONTRIBUTING.md say of the tree, held against the tree.</summary>
public sealed partial class RepositoryTests
{
    private const int LongestFile = 400;
    private const int LongestMethod = 80;
    private const int LongestLine = 140;

    private static readonly string Root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", ".."));

    [Fact]
    public void Project_references_are_those_of_the_architecture_table()
    {
        var table = File.ReadLines(Path.Combine(Root, "ARCHITECTURE.md"))
            .Where(line => line.StartsWith("| Tidemill.", StringComparison.Ordinal))
            .Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries))
            .ToDictionary(cells => cells[0], cells => Words(cells[1]));
        var actual = Directory.GetDirectories(Path.Combine(Root, "src"))
            .ToDictionary(folder => Path.GetFileName(folder), folder => References(folder, "ProjectReference")
                .Select(r => Path.GetFileNameWithoutExtension(r)["Tidemill.".Length..]).Order(StringComparer.Ordinal).ToList());
        Assert.Equal(table.Keys.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        Assert.All(table, row => Assert.Equal(row.Value, actual[row.Key]));
    }

    [Theory]
    [InlineData("PackageReference", "Npgsql", "Tidemill.Connectors")]
    [InlineData("PackageReference", "MongoDB.Driver", "Tidemill.Connectors")]
    [InlineData("FrameworkReference", "Microsoft.AspNetCore.App", "Tidemill.Server,Tidemill.Cli")]
    public void Only_named_projects_reference_it(string kind, string name, string allowed)
    {
        var found = Directory.GetDirectories(Path.Combine(Root, "src"))
            .Where(folder => References(folder, kind).Contains(name)).Select(folder => Path.GetFileName(folder));
        Assert.All(found, project => Assert.Contains(project, allowed.Split(',')));
    }

    /// <summary>What others need of a part, its kind's traits say; a definition outside its folder is a switch on kinds.</summary>
    [Fact]
    public void Definitions_of_kinds_are_named_in_their_own_folder_only()
    {
        var files = Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.*", SearchOption.AllDirectories)
            .Where(file => Path.GetExtension(file) is ".cs" or ".razor").ToDictionary(file => file, File.ReadAllText);
        var definitions = files.SelectMany(file => ConcreteDefinition().Matches(file.Value)
            .Select(match => (Name: match.Groups["name"].Value, Folder: Path.GetDirectoryName(file.Key)!))).ToList();
        Assert.True(definitions.Count >= 9, $"The search finds only {string.Join(", ", definitions)}.");
        var elsewhere = definitions.SelectMany(definition => files
            .Where(file => !$"{Path.GetDirectoryName(file.Key)}/".StartsWith($"{definition.Folder}/", StringComparison.Ordinal)
                && Regex.IsMatch(file.Value, $@"\b{definition.Name}\b"))
            .Select(file => $"{Path.GetRelativePath(Root, file.Key)} names {definition.Name}"));
        Assert.Empty(elsewhere);
    }

    [Fact]
    public void Files_and_methods_stay_short()
    {
        var tooLong = Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => TooLong(Path.GetRelativePath(Root, file), File.ReadAllLines(file)));
        Assert.Empty(tooLong);
    }

    /// <summary>A text may be longer where breaking it would hide what it says.</summary>
    [Fact]
    public void Lines_end_at_140_columns_unless_a_text_fills_them()
    {
        var tooLong = Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => File.ReadLines(file).Select((line, i) => (File: Path.GetRelativePath(Root, file), Line: i + 1, Text: line)))
            .Where(line => line.Text.Length > LongestLine && !LongText().IsMatch(line.Text));
        Assert.Empty(tooLong.Select(line => $"{line.File}:{line.Line}"));
    }

    /// <summary>Types of native callbacks have no place to break at either.</summary>
    [GeneratedRegex("\"[^\"]{40,}\"|\"\"\"|\\$\"|unmanaged")]
    private static partial Regex LongText();

    /// <summary>A method is a brace pair on lines of their own at the depth of members (one or two levels).</summary>
    private static IEnumerable<string> TooLong(string file, string[] lines)
    {
        if (lines.Length > LongestFile)
            yield return $"{file} has {lines.Length} lines";

        for (var start = 0; start < lines.Length; start++)
        {
            if (lines[start] is not ("    {" or "        {"))
                continue;

            var indent = lines[start][..^1];
            var end = Array.FindIndex(lines, start, line => line == indent + "}");
            var declaration = start > 0 ? lines[start - 1] : "";
            if (end - start > LongestMethod && declaration.TrimEnd().EndsWith(')'))
                yield return $"{file}:{start} has a method of {end - start} lines";
        }
    }

    private static List<string> Words(string cell) =>
        [.. cell.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)];

    private static List<string> References(string folder, string kind) =>
        [.. XDocument.Load(Directory.GetFiles(folder, "*.csproj")[0]).Descendants(kind).Select(e => e.Attribute("Include")!.Value)];

    private static string ThisFile([CallerFilePath] string path = "") => path;

    /// <summary>A record that derives from the base of a kind's definitions.</summary>
    [GeneratedRegex(
        @"sealed record (?<name>\w+)[^;{]*:\s*(SinkDefinition|SourceDefinition|ConnectionDefinition|TaskAction)\(",
        RegexOptions.ExplicitCapture)]
    private static partial Regex ConcreteDefinition();
}
