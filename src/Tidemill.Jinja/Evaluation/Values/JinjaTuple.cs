namespace Tidemill.Jinja;

/// <summary>A tuple; <see cref="Names"/> are set when its items are readable as attributes too.</summary>
public sealed class JinjaTuple(IReadOnlyList<object?> items, IReadOnlyList<string>? names = null)
{
    public IReadOnlyList<object?> Items { get; } = items;

    public IReadOnlyList<string>? Names { get; } = names;
}
