using System.Collections;
using System.Globalization;
using System.Numerics;
using Tidemill.Jinja.Evaluation;

namespace Tidemill.Jinja;

/// <summary>
/// What templates calculate with: null (None), bool, long or BigInteger, double, decimal, string, <see cref="JinjaList"/>,
/// <see cref="JinjaTuple"/>, <see cref="JinjaDict"/>, <see cref="JinjaSet"/>, <see cref="JinjaUndefined"/>, <see cref="IJinjaObject"/> and
/// <see cref="IJinjaCallable"/>.
/// </summary>
public static class JinjaValue
{
    /// <summary>The value of a .NET object; what is none of the known kinds becomes its invariant text.</summary>
    public static object? From(object? value) => value switch
    {
        null or string or bool or long or double or decimal => value,
        JinjaList or JinjaTuple or JinjaDict or JinjaSet or JinjaUndefined or IJinjaObject or IJinjaCallable => value,
        IJinjaSequence or IJinjaOperand => value,
        JinjaRange or JinjaGenerator or DictView => value,
        int or short or sbyte or byte or ushort or uint => Convert.ToInt64(value, CultureInfo.InvariantCulture),
        ulong number => ValueNumbers.Normalize(number),
        BigInteger number => ValueNumbers.Normalize(number),
        float => Convert.ToDouble(value, CultureInfo.InvariantCulture),
        char letter => letter.ToString(),
        IDictionary dictionary => FromDictionary(dictionary),
        IEnumerable<KeyValuePair<string, object?>> pairs => FromPairs(pairs),
        IEnumerable items => new JinjaList(items.Cast<object?>().Select(From)),
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString(),
    };

    /// <summary>What printing the value gives; Python's <c>str()</c>.</summary>
    /// <exception cref="JinjaException">The value is undefined under strict behaviour, or too deep.</exception>
    public static string ToText(object? value) => value as string ?? ValueText.Print(value);

    /// <summary>Python's truth: None, false, zero, and what is empty or undefined are false.</summary>
    /// <exception cref="JinjaException">The value is undefined under strict behaviour.</exception>
    public static bool IsTrue(object? value)
    {
        switch (value)
        {
            case bool flag:
                return flag;
            case null:
                return false;
            case long number:
                return number != 0;
            case double number:
                return number != 0;
            case decimal number:
                return number != 0;
            case string text:
                return text.Length > 0;
            case JinjaUndefined undefined:
                undefined.RequireLenient();
                return false;
            default:
                return ValueSequences.CountOrNull(value) is not { } count || count > 0;
        }
    }

    /// <summary>The items that iterating over the value gives: of a dict its keys, of a string its characters.</summary>
    /// <exception cref="JinjaException">The value cannot be iterated over.</exception>
    public static IEnumerable<object?> Items(object? value) => ValueSequences.Items(value);

    private static JinjaDict FromDictionary(IDictionary dictionary)
    {
        var result = new JinjaDict();
        foreach (DictionaryEntry entry in dictionary)
            result[From(entry.Key)] = From(entry.Value);
        return result;
    }

    private static JinjaDict FromPairs(IEnumerable<KeyValuePair<string, object?>> pairs)
    {
        var result = new JinjaDict();
        foreach (var (key, value) in pairs)
            result[key] = From(value);
        return result;
    }
}
