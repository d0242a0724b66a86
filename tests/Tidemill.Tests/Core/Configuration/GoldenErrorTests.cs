using System.Text;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Server.Hosting;

namespace Tidemill.Tests.Core.Configuration;

/// <summary>
/// Each file of tests/golden/configuration holds the files of a bad project, each below a line <c>--- path</c>, and, below
/// <c>=== errors</c>, every error it must give, to the letter. TIDEMILL_UPDATE_GOLDEN=1 writes the errors anew.
/// </summary>
public sealed class GoldenErrorTests
{
    private const string ErrorsMark = "=== errors\n";
    private static readonly string Folder = Path.Combine(RepositoryFiles.Root, "tests", "golden", "configuration");

    private static readonly Dictionary<string, string?> Variables = new() { ["PORT"] = "s3cret-port" };

    public static TheoryData<string> Cases =>
        [.. Directory.GetFiles(Folder, "*.txt").Select(f => Path.GetFileNameWithoutExtension(f)!).Order()];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Bad_project_gives_exactly_these_errors(string name)
    {
        var file = Path.Combine(Folder, name + ".txt");
        var parts = File.ReadAllText(file).Split(ErrorsMark);
        using var project = new ProjectFolder();
        foreach (var section in ("\n" + parts[0]).Split("\n--- ").Skip(1))
        {
            var end = section.IndexOf('\n', StringComparison.Ordinal);
            project.With(end < 0 ? section : section[..end], end < 0 ? "" : section[(end + 1)..] + "\n");
        }

        var error = Assert.Throws<TidemillException>(() => ProjectLoader.Load(project.Path, null, InstalledKinds.All, Variables));

        Assert.Equal(ErrorCode.ConfigurationInvalid, error.Code);
        Assert.DoesNotContain("s3cret", error.Message, StringComparison.Ordinal);
        var text = new StringBuilder().AppendJoin('\n', error.ConfigErrors).Append('\n').ToString();
        if (Environment.GetEnvironmentVariable("TIDEMILL_UPDATE_GOLDEN") == "1")
            File.WriteAllText(file, parts[0] + ErrorsMark + text);
        else
            Assert.Equal(parts.ElementAtOrDefault(1), text);
    }
}
