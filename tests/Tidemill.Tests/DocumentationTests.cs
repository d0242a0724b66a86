using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Tidemill.Core.Errors;

namespace Tidemill.Tests;

/// <summary>What the documents point at is there: files, headings, paths and types of the tree.</summary>
public sealed partial class DocumentationTests
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", ".."));

    public static TheoryData<string> Documents => [.. new[] { "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md" }
        .Concat(Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(Root, f)))
        .Append("examples/transactions/README.md")];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Links_lead_to_files_and_headings_that_exist(string document)
    {
        var folder = Path.GetDirectoryName(Path.Combine(Root, document))!;
        foreach (var link in Link().Matches(File.ReadAllText(Path.Combine(Root, document))).Select(m => m.Groups[1].Value))
        {
            if (link.Contains("://", StringComparison.Ordinal))
                continue;

            var parts = link.Split('#');
            var target = parts[0].Length == 0 ? Path.Combine(Root, document) : Path.GetFullPath(Path.Combine(folder, parts[0]));
            Assert.True(File.Exists(target) || Directory.Exists(target), $"{document}: {link}");
            if (parts.Length > 1)
                Assert.True(Headings(target).Contains(parts[1]), $"{document}: {link}");
        }
    }

    [Fact]
    public void Tour_names_folders_and_types_that_exist()
    {
        var sources = Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.*", SearchOption.AllDirectories)
            .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)).ToList();
        var names = sources.Select(Path.GetFileNameWithoutExtension).ToHashSet();
        foreach (var code in Code().Matches(File.ReadAllText(Path.Combine(Root, "ARCHITECTURE.md"))).Select(m => m.Groups[1].Value))
        {
            var path = Path.Combine(Root, "src", "Tidemill." + code);
            Assert.True(
                Directory.Exists(path) || File.Exists(path + ".cs") || names.Contains(code)
                || File.Exists(Path.Combine(Root, code)) || Directory.Exists(Path.Combine(Root, code))
                || !code.Contains('/', StringComparison.Ordinal)
                && sources.Any(f => Path.GetFileName(f) == code || File.ReadAllText(f).Contains(code, StringComparison.Ordinal)),
                $"ARCHITECTURE.md: {code}");
        }
    }

    [Fact]
    public void Every_error_code_is_described_with_its_remedy()
    {
        var rows = File.ReadLines(Path.Combine(Root, "docs/guides/errors.md")).Where(l => l.StartsWith("| `", StringComparison.Ordinal))
            .Select(l => l.Trim('|', ' ').Split(" | ")).ToDictionary(cells => cells[0].Trim('`'));
        Assert.Equal(Enum.GetNames<ErrorCode>().Order(), rows.Keys.Order());
        foreach (var code in Enum.GetValues<ErrorCode>())
        {
            var rule = ErrorCatalog.Rule(code);
            var row = rows[code.ToString()];
            Assert.Equal(rule.Remedy, row[3]);
            Assert.Equal(
                rule.Retry switch { RetryRule.Backoff => "yes, with growing waits", RetryRule.Manual => "after somebody acted", _ => "no" },
                row[2]);
        }
    }

    /// <summary>The anchors that headings get: lower case, words joined by hyphens, without punctuation.</summary>
    private static HashSet<string> Headings(string file) =>
        [.. File.ReadLines(file).Where(l => l.StartsWith('#')).Select(l =>
            string.Concat(l.TrimStart('#').Trim().ToLowerInvariant().Where(c => char.IsLetterOrDigit(c) || c is ' ' or '-' or '_'))
                .Replace(' ', '-'))];

    private static string ThisFile([CallerFilePath] string path = "") => path;

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("`([A-Za-z][A-Za-z0-9_./-]*)`")]
    private static partial Regex Code();
}
