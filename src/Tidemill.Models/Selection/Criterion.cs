using System.Globalization;
using System.Text.RegularExpressions;
using Tidemill.Core.Errors;

namespace Tidemill.Models.Selection;

/// <summary>One criterion of dbt's selector grammar: <c>[@][n+][method[.argument]:]value[+n]</c>.</summary>
internal sealed partial record Criterion
{
    /// <summary>As it was written.</summary>
    public required string Text { get; init; }

    public required string Method { get; init; }

    /// <summary>What stands behind the method, as <c>meta</c> and <c>owner</c> in <c>config.meta.owner:</c>.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    public required string Value { get; init; }

    /// <summary><c>@</c>: what reads it, and all that those read.</summary>
    public bool WithParentsOfChildren { get; init; }

    /// <summary>Steps towards what it reads: 0 none, <see cref="int.MaxValue"/> all.</summary>
    public int Parents { get; init; }

    /// <summary>Steps towards what reads it: 0 none, <see cref="int.MaxValue"/> all.</summary>
    public int Children { get; init; }

    /// <exception cref="TidemillException">InvalidRequest: it is none.</exception>
    public static Criterion Parse(string text)
    {
        var match = Grammar().Match(text);
        if (!match.Success)
            throw Invalid($"'{text}' is no selector.");
        var isAt = match.Groups["at"].Success;
        if (isAt && match.Groups["children"].Success)
            throw Invalid($"'{text}' has both '@' and a '+' behind it; '@' takes what reads a model anyway.");
        var value = match.Groups["value"].Value;
        var parts = match.Groups["method"].Success ? match.Groups["method"].Value.Split('.') : [DefaultMethod(value)];
        return new Criterion
        {
            Text = text,
            Method = parts[0],
            Arguments = parts[1..],
            Value = value,
            WithParentsOfChildren = isAt,
            Parents = Depth(match.Groups["parents"], text),
            Children = Depth(match.Groups["children"], text),
        };
    }

    public static TidemillException Invalid(string problem) => new(ErrorCode.InvalidRequest, problem);

    private static string DefaultMethod(string value) =>
        value.Contains('/') ? "path"
        : value.EndsWith(".sql", StringComparison.OrdinalIgnoreCase) || value.EndsWith(".py", StringComparison.OrdinalIgnoreCase)
            || value.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) ? "file"
        : "fqn";

    /// <summary>A bare '+' goes all the way.</summary>
    private static int Depth(Group group, string text)
    {
        var digits = group.Value.Trim('+');
        if (!group.Success)
            return 0;
        if (digits.Length == 0)
            return int.MaxValue;
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var steps)
            ? steps : throw Invalid($"'{text}' goes more steps than a graph can have.");
    }

    [GeneratedRegex(
        @"\A(?<at>@)?(?<parents>[0-9]*\+)?((?<method>[\w.]+):)?(?<value>.*?)(?<children>\+[0-9]*)?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Grammar();
}
