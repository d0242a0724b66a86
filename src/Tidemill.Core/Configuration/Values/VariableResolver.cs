using System.Text;
using System.Text.RegularExpressions;
using Tidemill.Core.Configuration.Yaml;

namespace Tidemill.Core.Configuration.Values;

/// <summary>
/// Puts variables into single values: <c>${NAME}</c>, <c>${NAME:-default}</c>, <c>${file:path}</c>,
/// <c>${file:path:-default}</c>; <c>$$</c> is one dollar sign. Works on nodes, after YAML was parsed, so that a value can
/// never add keys or lines. As in a shell, the default also stands in for an empty value.
/// </summary>
internal sealed partial class VariableResolver(string folder, IReadOnlyDictionary<string, string?> environment)
{
    private const int MaxFileBytes = 1 << 20;

    /// <summary>
    /// The node with all variables put in. <paramref name="optional"/> is true for paths that may lack a variable:
    /// those in targets that are not the chosen one.
    /// </summary>
    public ConfigNode Resolve(ConfigNode node, string path, FileReport report, Func<string, bool> optional) => node switch
    {
        ScalarNode scalar => ResolveScalar(scalar, path, report, optional(path)),
        SequenceNode list => new SequenceNode(
            list.Line, [.. list.Items.Select((item, i) => Resolve(item, ConfigPath.Item(path, i), report, optional))]),
        MappingNode map => new MappingNode(
            map.Line,
            [.. map.Entries.Select(e => e with { Value = Resolve(e.Value, ConfigPath.Key(path, e.Key), report, optional) })]),
        _ => throw new InvalidOperationException($"{node.GetType().Name} cannot hold variables."),
    };

    public ScalarNode ResolveScalar(ScalarNode node, string path, FileReport report, bool optional)
    {
        if (!node.Text.Contains('$', StringComparison.Ordinal))
            return node;

        var text = new StringBuilder();
        var shown = new StringBuilder();
        var missing = false;
        var end = 0;
        foreach (Match match in Reference().Matches(node.Text))
        {
            var between = node.Text.AsSpan(end, match.Index - end);
            text.Append(between);
            shown.Append(between);
            end = match.Index + match.Length;
            if (match.Value == "$$")
            {
                text.Append('$');
                shown.Append('$');
                continue;
            }

            var line = node.Line + node.Text.AsSpan(0, match.Index).Count('\n');
            var value = Value(match, path, line, report, optional);
            missing |= value is null;
            text.Append(value);
            shown.Append("${").Append(match.Groups["name"].Value).Append('}');
        }

        text.Append(node.Text.AsSpan(end));
        shown.Append(node.Text.AsSpan(end));
        return new ScalarNode(node.Line, text.ToString(), plain: false) { Unresolved = missing, Shown = shown.ToString() };
    }

    private string? Value(Match match, string path, int line, FileReport report, bool optional)
    {
        var name = match.Groups["name"].Value;
        var fallback = match.Groups["default"] is { Success: true } group ? group.Value : null;
        if (!match.Groups["end"].Success || fallback?.Contains("${", StringComparison.Ordinal) == true)
        {
            report.Add(path, line, "A '${' is not closed before the next one or the end.", "Write ${NAME}, or $$ for a dollar sign.");
            return null;
        }

        var isFile = name.StartsWith("file:", StringComparison.Ordinal);
        if (!isFile && !VariableName().IsMatch(name))
        {
            report.Add(path, line, $"'{name}' is not the name of a variable.", "Write ${NAME} or ${file:path}, or $$ for a dollar sign.");
            return null;
        }

        var value = isFile ? ReadFile(name["file:".Length..]) : environment.GetValueOrDefault(name);
        if (fallback is not null)
            return string.IsNullOrEmpty(value) ? fallback : value;

        if (value is null && !optional)
        {
            report.Add(
                path, line, isFile ? $"The file '{name[5..]}' cannot be read." : $"The environment variable {name} is not set.",
                isFile ? "Create it, or write ${" + name + ":-default}." : "Set it, or write ${" + name + ":-default}.");
        }

        return value;
    }

    /// <summary>The file's text without its last line end; null when it cannot be read or is larger than 1 MiB.</summary>
    private string? ReadFile(string name)
    {
        try
        {
            var file = new FileInfo(Path.Combine(folder, name));
            if (!file.Exists || file.Length > MaxFileBytes)
                return null;

            var text = File.ReadAllText(file.FullName);
            return text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"\$\$|\$\{(?<name>(?:(?!:-|\}|\$\{).)*)(?::-(?<default>[^}]*))?(?<end>\})?", RegexOptions.Singleline)]
    private static partial Regex Reference();

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]*$")]
    private static partial Regex VariableName();
}
