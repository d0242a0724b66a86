using Tidemill.Core.Errors;

namespace Tidemill.Core.Configuration;

/// <summary>Collects the errors of one file.</summary>
/// <param name="file">Path relative to the project folder, with forward slashes.</param>
/// <param name="errors">Where the errors of all files come together.</param>
public sealed class FileReport(string file, List<ConfigError> errors)
{
    public string File { get; } = file;

    public void Add(string path, int line, string problem, string fix) =>
        errors.Add(new ConfigError(path, problem, fix, File, line));
}

/// <summary>Dotted paths as messages show them: <c>tasks[1].index.id</c>.</summary>
public static class ConfigPath
{
    public static string Key(string parent, string key) => parent.Length == 0 ? key : $"{parent}.{key}";

    public static string Item(string parent, int index) => $"{parent}[{index}]";
}
