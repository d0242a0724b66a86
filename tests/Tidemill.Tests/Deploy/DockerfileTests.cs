using System.Text.Json;

namespace Tidemill.Tests.Deploy;

/// <summary>The Dockerfile's instructions, read line by line, against the tree.</summary>
public sealed class DockerfileTests
{
    private static readonly string[] Known =
        ["FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD", "ARG", "LABEL"];

    private readonly List<(string Name, string Text)> _instructions = Read();

    [Fact]
    public void Instructions_are_known_and_stages_exist_before_they_are_copied_from()
    {
        Assert.All(_instructions, i => Assert.Contains(i.Name, Known));
        Assert.Equal("FROM", _instructions[0].Name);
        List<string> stages = [];
        foreach (var (name, rest) in _instructions)
        {
            if (name == "FROM") stages.Add(rest.Split(' ')[2]);
            if (name == "COPY" && rest.StartsWith("--from=", StringComparison.Ordinal))
                Assert.Contains(rest.Split(' ')[0]["--from=".Length..], stages.SkipLast(1));
        }
    }

    [Fact]
    public void Base_images_are_pinned() => Assert.All(
        _instructions.Where(i => i.Name == "FROM"), i => Assert.Matches(@"^[a-z0-9./-]+:\d+\.\d+[a-z0-9.-]* AS [a-z]+$", i.Text));

    [Fact]
    public void Copied_files_exist_and_are_let_through_by_dockerignore()
    {
        var allowed = File.ReadLines(
            Path.Combine(ComposeFile.Root, ".dockerignore")).Where(l => l.StartsWith('!')).Select(l => l[1..]).ToList();
        var sources = _instructions.Where(i => i.Name == "COPY" && !i.Text.StartsWith("--from=", StringComparison.Ordinal))
            .SelectMany(i => i.Text.Split(' ')[..^1]).Distinct().ToList();
        Assert.NotEmpty(sources);
        Assert.All(
            sources,
            s => Assert.True(File.Exists(Path.Combine(ComposeFile.Root, s)) || Directory.Exists(Path.Combine(ComposeFile.Root, s)), s));
        Assert.Equal(allowed.Order(), sources.Select(s => s.Split('/')[0]).Distinct().Order());
    }

    [Fact]
    public void Serves_the_port_it_exposes_and_asks_the_same_for_its_health()
    {
        var port = One("EXPOSE");
        Assert.Equal("8080", port);
        var command = JsonSerializer.Deserialize<string[]>(One("CMD"))!;
        Assert.Equal(port, command[Array.IndexOf(command, "--port") + 1]);
        Assert.Equal("0.0.0.0", command[Array.IndexOf(command, "--address") + 1]);
        Assert.Contains($"http://127.0.0.1:{port}/health", One("HEALTHCHECK"));
        Assert.Equal(["tidemill"], JsonSerializer.Deserialize<string[]>(One("ENTRYPOINT"))!);
    }

    [Fact]
    public void Runs_as_nobody_special_with_what_its_health_check_calls()
    {
        var user = _instructions.FindIndex(i => i.Name == "USER");
        Assert.Equal("$APP_UID", _instructions[user].Text);
        Assert.DoesNotContain(_instructions[user..], i => i.Name is "RUN" or "USER" && i.Text.Contains("root", StringComparison.Ordinal));
        var last = _instructions[_instructions.FindLastIndex(i => i.Name == "FROM")..];
        Assert.Contains(last, i => i.Name == "RUN" && i.Text.Contains(" curl ", StringComparison.Ordinal));
        Assert.Equal(One("VOLUME"), One("ENV").Split("TIDEMILL_DATA=")[1]);
    }

    [Fact]
    public void Runtime_and_sdk_are_of_the_version_that_the_projects_target()
    {
        var framework = File.ReadAllText(Path.Combine(ComposeFile.Root, "Directory.Build.props"))
            .Split("<TargetFramework>net")[1].Split('<')[0];
        Assert.All(
            _instructions.Where(i => i.Name == "FROM" && i.Text.StartsWith("mcr.microsoft.com/dotnet/", StringComparison.Ordinal)),
            i => Assert.Contains($":{framework}-", i.Text));
    }

    private string One(string name) => _instructions.Single(i => i.Name == name).Text;

    private static List<(string, string)> Read()
    {
        List<(string, string)> instructions = [];
        var text = string.Join(
            '\n', File.ReadLines(Path.Combine(ComposeFile.Root, "Dockerfile")).Where(l => !l.TrimStart().StartsWith('#')));
        foreach (var line in text.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var words = line.Split(' ', 2, StringSplitOptions.TrimEntries);
            instructions.Add((words[0], System.Text.RegularExpressions.Regex.Replace(words[1], @"\s+", " ")));
        }

        return instructions;
    }
}
