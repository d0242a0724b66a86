using Tidemill.Core.Configuration.Binding;
using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Streams;

namespace Tidemill.Core.Components;

/// <summary>A kind of source that a pump reads: a key of <c>source</c>. Definitions given to it are its own.</summary>
public interface ISourceKind : IComponentKind
{
    /// <summary>
    /// True when it opens as an <see cref="INumberedSource"/>, whose records can be made at any time and at any rate.
    /// </summary>
    bool IsNumbered { get; }

    /// <summary>The definition under the kind's key. Errors go to the section's report; binding goes on.</summary>
    /// <param name="source">The whole <c>source</c>, in which the key stands.</param>
    SourceDefinition Bind(Section source);

    /// <summary>What is read, for people: <c>collection orders</c>.</summary>
    string Describe(SourceDefinition source);

    /// <summary>The stores it works on.</summary>
    IReadOnlyList<StoreUse> Uses(SourceDefinition source);

    /// <summary>Makes the source: an <see cref="ISource"/> or an <see cref="INumberedSource"/>.</summary>
    IPumpSource Open(SourceDefinition source, SourceContext context);
}

/// <summary>What a source is opened with.</summary>
/// <param name="Stores">The target's stores.</param>
/// <param name="Time">The clock.</param>
public sealed record SourceContext(IStores Stores, TimeProvider Time);

/// <summary>A kind of source by the type of its definition.</summary>
public abstract class SourceKind<TDefinition> : ISourceKind
    where TDefinition : SourceDefinition
{
    public abstract string Key { get; }

    public abstract string Description { get; }

    public abstract Shape Shape { get; }

    public virtual bool IsNumbered => false;

    public abstract SourceDefinition Bind(Section source);

    string ISourceKind.Describe(SourceDefinition source) => Describe((TDefinition)source);

    IReadOnlyList<StoreUse> ISourceKind.Uses(SourceDefinition source) => Uses((TDefinition)source);

    IPumpSource ISourceKind.Open(SourceDefinition source, SourceContext context) => Open((TDefinition)source, context);

    protected abstract string Describe(TDefinition source);

    protected virtual IReadOnlyList<StoreUse> Uses(TDefinition source) => [];

    protected abstract IPumpSource Open(TDefinition source, SourceContext context);
}
