using Tidemill.Core.Errors;

namespace Tidemill.Core.Components;

/// <summary>The stores that a target names, open. Whoever opened them closes them.</summary>
public interface IStores
{
    /// <summary>The store of this contract: the target's own, or the connection's. NotFound when the target has no such
    /// connection.</summary>
    T Get<T>(string? connection = null)
        where T : class;
}

/// <summary>Stores by contract and connection.</summary>
public sealed class OpenStores : IStores
{
    private readonly Dictionary<(Type Store, string? Connection), object> _stores = [];

    /// <summary>Adds a store; null is left out. Returns itself.</summary>
    public OpenStores With<T>(T? store, string? connection = null)
        where T : class
    {
        if (store is not null)
            _stores[(typeof(T), connection)] = store;

        return this;
    }

    public T Get<T>(string? connection = null)
        where T : class => _stores.GetValueOrDefault((typeof(T), connection)) as T
        ?? throw (connection is null
            ? new InvalidOperationException($"The project's {typeof(T).Name} is not open; a part that works on it says so in Uses.")
            : new TidemillException(ErrorCode.NotFound, $"The target has no connection {connection}, which a stream's topic names."));
}
