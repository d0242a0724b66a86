using System.Diagnostics.CodeAnalysis;

namespace Tidemill.Jinja;

/// <summary>
/// The names a rendering sees besides the environment's globals; it is asked first. Values may be .NET ones:
/// numbers, strings, dictionaries and sequences are converted once, when the template reads them.
/// </summary>
public interface IJinjaContext
{
    bool TryResolve(string name, [MaybeNullWhen(false)] out object? value);
}

/// <summary>A context of fixed names.</summary>
public sealed class DictionaryContext(IReadOnlyDictionary<string, object?> values) : IJinjaContext
{
    /// <summary>No names.</summary>
    public static DictionaryContext Empty { get; } = new(new Dictionary<string, object?>());

    public bool TryResolve(string name, [MaybeNullWhen(false)] out object? value) => values.TryGetValue(name, out value);
}
