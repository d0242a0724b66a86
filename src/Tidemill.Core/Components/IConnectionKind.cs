using Tidemill.Core.Configuration.Binding;
using Tidemill.Core.Configuration.Shapes;

namespace Tidemill.Core.Components;

/// <summary>
/// A kind of connection: the <c>type</c> of an entry of a target's <c>connections</c>, and of each slot of a target that takes
/// <see cref="Store"/>.
/// </summary>
public interface IConnectionKind : IComponentKind
{
    /// <summary>The contract that its connections open as.</summary>
    Type Store { get; }

    /// <summary>The keys beside <c>type</c>.</summary>
    new ObjectShape Shape { get; }

    /// <summary>The connection. Errors go to the section's report; binding goes on.</summary>
    Connection Bind(Section connection);

    Shape IComponentKind.Shape => Shape;
}
