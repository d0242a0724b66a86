using System.CommandLine;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Spectre.Console;
using Tidemill.Core.Errors;

namespace Tidemill.Cli.Commands;

/// <summary><c>tidemill init FOLDER</c>: a small project that runs as it is.</summary>
internal static partial class InitCommand
{
    private const string Prefix = "template/";

    public static Command Create()
    {
        var folder = new Argument<string>("FOLDER") { Description = "New or empty folder; its name becomes the project's." };
        var json = new Option<bool>("--json") { Description = "Print JSON for programs instead of text for people." };
        var command = new Command("init", "Make a new project folder that runs.") { folder, json };
        command.SetAction((parsed, cancellationToken) => CommandRunner.GuardAsync(
            parsed.GetValue(json),
            () => WriteAsync(Path.GetFullPath(parsed.GetValue(folder)!), parsed.GetValue(json), cancellationToken), cancellationToken));
        return command;
    }

    private static async Task<int> WriteAsync(string folder, bool json, CancellationToken cancellationToken)
    {
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(folder));
        if (!ProjectName().IsMatch(name))
        {
            throw new TidemillException(
                ErrorCode.InvalidRequest, $"{name} cannot be a project's name: use letters, digits, - and _, beginning with a letter.");
        }

        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new TidemillException(ErrorCode.InvalidRequest, $"{folder} is not empty.");

        var assembly = Assembly.GetExecutingAssembly();
        foreach (var resource in assembly.GetManifestResourceNames().Where(r => r.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            var path = Path.Combine(folder, resource[Prefix.Length..]);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            var text = await reader.ReadToEndAsync(cancellationToken);
            await File.WriteAllTextAsync(path, text.Replace("__PROJECT__", name, StringComparison.Ordinal), cancellationToken);
        }

        if (json)
            JsonOutput.Print(JsonSerializer.SerializeToElement(new { name, folder }, JsonOutput.Options));
        else
            AnsiConsole.MarkupLineInterpolated($"[green]made[/] {folder}. Now: tidemill up {folder}");

        return ExitCode.Success;
    }

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9_-]*$")]
    private static partial Regex ProjectName();
}
