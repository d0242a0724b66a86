using Tidemill.Jinja.Evaluation;

namespace Tidemill.Jinja.Filters;

/// <summary>map, select, reject and their forms for attributes. All are lazy, as in Jinja2.</summary>
internal static class SelectionFilters
{
    public static object? Select(CallArguments arguments) => Choose(arguments, keeps: true, hasAttribute: false);

    public static object? Reject(CallArguments arguments) => Choose(arguments, keeps: false, hasAttribute: false);

    public static object? SelectAttribute(CallArguments arguments) => Choose(arguments, keeps: true, hasAttribute: true);

    public static object? RejectAttribute(CallArguments arguments) => Choose(arguments, keeps: false, hasAttribute: true);

    /// <summary>Applies a filter to each item, or reads an attribute of each: <c>map(attribute='a.b', default=0)</c>.</summary>
    public static object? Map(CallArguments arguments)
    {
        var interpreter = arguments.Interpreter;
        var items = Items(arguments.Positional[0]);
        if (arguments.Positional.Count == 1)
        {
            var named = arguments.Keywords.ToDictionary(keyword => keyword.Key, keyword => keyword.Value);
            if (!named.Remove("attribute", out var path))
                throw new JinjaException("map() wants a filter's name or attribute=");
            named.Remove("default", out var fallback);
            if (named.Count > 0)
                throw new JinjaException($"map() has no argument '{named.Keys.First()}'");
            var read = AttributePath.Reader(interpreter, path, fallback);
            return new JinjaGenerator(items.Select(read));
        }

        var name = Name(arguments.Positional[1], "filter");
        return new JinjaGenerator(items.Select(item => interpreter.ApplyFilter(name, Rest(arguments, item, 2))));
    }

    private static JinjaGenerator Choose(CallArguments arguments, bool keeps, bool hasAttribute)
    {
        var interpreter = arguments.Interpreter;
        var positional = arguments.Positional;
        var testAt = hasAttribute ? 2 : 1;
        if (hasAttribute && positional.Count < 2)
            throw new JinjaException("the attribute's name is missing");
        var read = AttributePath.Reader(interpreter, hasAttribute ? positional[1] : null);
        var items = Items(positional[0]);
        if (positional.Count <= testAt)
            return new JinjaGenerator(items.Where(item => JinjaValue.IsTrue(read(item)) == keeps));
        var test = Name(positional[testAt], "test");
        return new JinjaGenerator(items.Where(
            item => interpreter.ApplyTest(test, Rest(arguments, read(item), testAt + 1)) == keeps));
    }

    /// <summary>What is false has no items, whatever it is, and no error either, as in Jinja2.</summary>
    private static IEnumerable<object?> Items(object? value) => JinjaValue.IsTrue(value) ? ValueSequences.Items(value) : [];

    private static CallArguments Rest(CallArguments arguments, object? item, int from) =>
        new([item, .. arguments.Positional.Skip(from)], arguments.Keywords, arguments.Interpreter);

    private static string Name(object? value, string kind) =>
        value as string ?? throw new JinjaException($"a {kind}'s name is a string");
}
