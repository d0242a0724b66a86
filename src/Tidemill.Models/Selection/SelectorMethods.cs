using Tidemill.Jinja;
using Tidemill.Models.Graph;

namespace Tidemill.Models.Selection;

/// <summary>The methods of selectors: what <c>tag:</c>, <c>path:</c> and the others match.</summary>
internal static class SelectorMethods
{
    /// <summary>dbt's methods that ask for what projects here do not have yet.</summary>
    private static readonly string[] Missing =
    [
        "group", "access", "test_name", "test_type", "state", "exposure", "metric", "result", "source_status", "version",
        "semantic_model", "saved_query", "unit_test",
    ];

    private static readonly string[] OtherResources =
    [
        "test", "analysis", "operation", "seed", "rpc", "sql_operation", "doc", "macro", "exposure", "metric", "group", "saved_query",
        "semantic_model", "unit_test", "fixture", "function", "snapshot",
    ];

    public static Func<SelectionNode, bool> For(Criterion criterion)
    {
        var value = criterion.Value;
        return criterion.Method switch
        {
            "fqn" => node => node.Model is { } model && MatchesName(model.Fqn, value),
            "tag" => node => node.Model is { } model && Tags(model).Any(tag => Wildcard.Matches(tag, value)),
            "path" => node => Wildcard.MatchesPath(node.Path, value),
            "file" => node => Wildcard.Matches(Path.GetFileName(node.Path), value)
                || Wildcard.Matches(Path.GetFileNameWithoutExtension(node.Path), value),
            "package" => node => value == "this" || Wildcard.Matches(node.Package, value),
            "config" => node => node.Model is { } model && MatchesConfig(model, criterion.Arguments, value),
            "resource_type" => Resource(value),
            "source" => Source(value),
            var method when Missing.Contains(method) =>
                throw Criterion.Invalid($"The selection method '{method}' is dbt's, but models here cannot be selected by it yet."),
            var method => throw Criterion.Invalid($"'{method}' is not a valid method name."),
        };
    }

    /// <summary>
    /// By the model's name; by the folders from the project's, or without it, on; or by a pattern, which goes for all that follows in the
    /// qualified name, or for the name alone when it has no dot.
    /// </summary>
    private static bool MatchesName(IReadOnlyList<string> fqn, string selector) =>
        MatchesQualified(fqn, selector) || MatchesQualified([.. fqn.Skip(1)], selector);

    private static bool MatchesQualified(IReadOnlyList<string> fqn, string selector)
    {
        if (fqn[^1] == selector)
            return true;
        var names = fqn.SelectMany(part => part.Split('.')).ToList();
        var parts = selector.Split('.');
        if (names.Count < parts.Length)
            return false;
        var fixedCount = parts.TakeWhile(part => !Wildcard.IsPattern(part)).Count();
        if (!names.Take(fixedCount).SequenceEqual(parts.Take(fixedCount)))
            return false;
        if (fixedCount == parts.Length)
            return true;
        return Wildcard.Matches(string.Join('.', names.Skip(fixedCount)), string.Join('.', parts.Skip(fixedCount)))
            || (parts.Length == 1 && Wildcard.Matches(fqn[^1], selector));
    }

    private static IEnumerable<string> Tags(CompiledModel model) =>
        model.Configured.GetValueOrDefault("tags") is JinjaList tags ? tags.Select(JinjaValue.ToText) : [];

    /// <summary>A text equals the value; true and false in any case equal a flag. A list is searched.</summary>
    private static bool MatchesConfig(CompiledModel model, IReadOnlyList<string> path, string value)
    {
        if (path.Count == 0 || !model.Configured.TryGetValue(path[0], out var found))
            return false;
        foreach (var key in path.Skip(1))
        {
            if (found is not JinjaDict dict || !dict.TryGetValue(key, out found))
                return false;
        }

        return found is JinjaList list ? list.Any(Matches) : Matches(found);

        bool Matches(object? item) => item is bool flag
            ? string.Equals(value, flag ? "true" : "false", StringComparison.OrdinalIgnoreCase) : item is string text && text == value;
    }

    private static Func<SelectionNode, bool> Resource(string value) => value switch
    {
        "model" => node => node.Model is not null,
        "source" => node => node.Source is not null,
        _ when OtherResources.Contains(value) => _ => false,
        _ => throw Criterion.Invalid($"Invalid resource_type selector \"{value}\""),
    };

    /// <summary><c>source</c>, <c>source.table</c> or <c>package.source.table</c>.</summary>
    private static Func<SelectionNode, bool> Source(string value)
    {
        var parts = value.Split('.');
        var (package, source, table) = parts.Length switch
        {
            1 => ("*", parts[0], "*"),
            2 => ("*", parts[0], parts[1]),
            3 => (parts[0], parts[1], parts[2]),
            _ => throw Criterion.Invalid($"'{value}' is no source: write source, source.table or package.source.table."),
        };
        return node => node.Source is { } known
            && Wildcard.Matches(node.Package, package) && Wildcard.Matches(known.Source, source) && Wildcard.Matches(known.Name, table);
    }
}
