using System.Text;

namespace Tidemill.Core.Components;

/// <summary>How a system is reached: an entry of a target's <c>connections</c>, or what stands in one of the target's slots.
/// <c>ToString</c> prints no secret.</summary>
public abstract record Connection
{
    /// <summary>Its key under <c>connections</c>. Null: it stands in the slot itself.</summary>
    public string? Name { get; init; }

    /// <summary>The contract that it opens as: <c>ILog</c>, <c>IWarehouse</c>, <c>ISearchStore</c>, <c>IDocumentStore</c>.</summary>
    public abstract Type Store { get; }

    /// <summary>Each kind says what may be shown of it.</summary>
    protected abstract bool PrintMembers(StringBuilder builder);
}
