namespace Tidemill.Jinja;

/// <summary>A host's object with items, as a row or a table of a query.</summary>
public interface IJinjaSequence
{
    /// <summary>Its length, or null when it has none.</summary>
    int? Count { get; }

    /// <summary>What iterating over it gives.</summary>
    IEnumerable<object?> Items { get; }

    /// <summary>The item under a key or index; a negative index is as written.</summary>
    bool TryGetItem(object? key, out object? value);
}
