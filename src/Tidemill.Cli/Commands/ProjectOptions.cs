using System.CommandLine;
using Tidemill.Core.Configuration;

namespace Tidemill.Cli.Commands;

/// <summary>The options that all commands on a project share.</summary>
/// <param name="asArgument">The project stands behind the command instead of behind <c>--project</c>.</param>
internal sealed class ProjectOptions(bool asArgument = false)
{
    private readonly Argument<string> _folder = new("PROJECT")
    {
        Description = "Project folder; default: the current one.",
        DefaultValueFactory = _ => Directory.GetCurrentDirectory(),
    };

    private readonly Option<string> _project = new("--project", "-p")
    {
        Description = "Project folder.",
        DefaultValueFactory = _ => Directory.GetCurrentDirectory(),
    };

    private readonly Option<string?> _target = new("--target", "-t")
    {
        Description = "Target in tidemill.yaml; default: TIDEMILL_TARGET, else its default_target.",
        DefaultValueFactory = _ => ProjectChoice.FromEnvironment("TIDEMILL_TARGET"),
    };

    private readonly Option<string?> _data = new("--data")
    {
        Description = "Folder for log, warehouse and indexes; default: TIDEMILL_DATA, else .tidemill in the project.",
        DefaultValueFactory = _ => ProjectChoice.FromEnvironment("TIDEMILL_DATA"),
    };

    private readonly Option<bool> _json = new("--json") { Description = "Print JSON for programs instead of text for people." };

    public void AddTo(Command command)
    {
        if (asArgument)
            command.Arguments.Add(_folder);
        else
            command.Options.Add(_project);

        command.Options.Add(_target);
        command.Options.Add(_data);
        command.Options.Add(_json);
    }

    public ProjectChoice Read(ParseResult parsed) => new(
        Path.GetFullPath((asArgument ? parsed.GetValue(_folder) : parsed.GetValue(_project))!),
        parsed.GetValue(_target), parsed.GetValue(_data), parsed.GetValue(_json));
}

/// <param name="Folder">Absolute project folder.</param>
/// <param name="Target">Null: the project's default.</param>
/// <param name="Data">Null: .tidemill in the project.</param>
/// <param name="Json">Print JSON.</param>
internal sealed record ProjectChoice(string Folder, string? Target, string? Data, bool Json)
{
    /// <summary>A setting that a container gives once for all commands; null when it is not set or empty.</summary>
    public static string? FromEnvironment(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    public DataFolder DataFolder => DataFolder.For(Folder, Data);
}
