namespace Tidemill.Core.Components;

/// <summary>A store that a part works on.</summary>
/// <param name="Store">The store's contract: <c>ILog</c>, <c>IWarehouse</c>, <c>ISearchStore</c>, <c>IDocumentStore</c>.</param>
/// <param name="Connection">One of the target's connections. Null: the target's own store of this contract.</param>
public sealed record StoreUse(Type Store, string? Connection = null)
{
    public static StoreUse Of<T>(string? connection = null) => new(typeof(T), connection);
}
