using System.Globalization;
using Tidemill.Jinja.Evaluation;

namespace Tidemill.Jinja.Filters;

/// <summary>The <c>attribute</c> argument of filters: a path such as <c>user.address.0</c>, or one integer.</summary>
internal static class AttributePath
{
    public static Func<object?, object?> Reader(Interpreter interpreter, object? path, object? fallback = null)
    {
        if (path is null)
            return item => item;
        IReadOnlyList<object> keys = path switch
        {
            string text => [.. text.Split('.').Select(Key)],
            long index => [index],
            _ => throw new JinjaException("an attribute is named by a string or an integer"),
        };
        return item =>
        {
            foreach (var key in keys)
            {
                item = interpreter.Members.Item(item, key);
                if (item is JinjaUndefined && fallback is not null)
                    item = fallback;
            }

            return item;
        };
    }

    /// <summary>Compares text without regard to case unless told otherwise.</summary>
    public static Func<object?, object?> IgnoringCase(Func<object?, object?> read, bool isCaseSensitive) => isCaseSensitive
        ? read : item => read(item) is var value && value is string text ? text.ToLowerInvariant() : value;

    private static object Key(string part) =>
        long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : part;
}
