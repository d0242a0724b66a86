using Tidemill.Core.Configuration;
using Tidemill.Core.Configuration.Binding;
using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Errors;
using Tidemill.Core.Schemas;
using Tidemill.Core.Streams;

namespace Tidemill.Core.Components;

/// <summary>A kind of sink: an entry of a stream's <c>sinks</c>. Definitions given to it are its own.</summary>
public interface ISinkKind : IComponentKind
{
    /// <summary>True when the sink takes records as they are from a stream that decodes nothing.</summary>
    bool TakesRecords { get; }

    /// <summary>The definition under the kind's key. Errors go to the section's report; binding goes on.</summary>
    /// <param name="sink">The entry, in which the key stands.</param>
    /// <param name="columns">Columns that reach the sink. Null: not known before the SQL is planned.</param>
    SinkDefinition Bind(Section sink, IReadOnlyList<string>? columns);

    /// <summary>Reports what in the stream's file contradicts the sink.</summary>
    /// <param name="root">The whole file.</param>
    void Check(SinkDefinition sink, StreamDefinition stream, Section root);

    /// <summary>What rows of this schema lack for the sink; nothing when they can be written.</summary>
    IEnumerable<ConfigError> Check(SinkDefinition sink, StreamDefinition stream, Schema rows);

    /// <summary>What is written, for people: <c>table orders</c>.</summary>
    string Describe(SinkDefinition sink);

    /// <summary>Where the rows stand. Null: they cannot be read back.</summary>
    SinkOutput? Output(SinkDefinition sink);

    /// <summary>The stores it works on.</summary>
    IReadOnlyList<StoreUse> Uses(SinkDefinition sink);

    /// <param name="columns">Columns of the rows. Null: not known; what depends on them then takes the cautious value.</param>
    SinkTraits Traits(SinkDefinition sink, StreamDefinition stream, IReadOnlyList<string>? columns);

    /// <summary>Makes the sink; nothing is contacted before its first call.</summary>
    ISink Open(SinkDefinition sink, SinkContext context);
}

/// <summary>What a sink is opened with.</summary>
/// <param name="Project">The project's name: projects may share a store.</param>
/// <param name="Stream">The stream, as it decodes now.</param>
/// <param name="Stores">The target's stores.</param>
/// <param name="Note">Takes what a store cannot do and may leave, one sentence each.</param>
public sealed record SinkContext(string Project, StreamDefinition Stream, IStores Stores, Action<string> Note);

/// <summary>A kind of sink by the type of its definition.</summary>
public abstract class SinkKind<TDefinition> : ISinkKind
    where TDefinition : SinkDefinition
{
    public abstract string Key { get; }

    public abstract string Description { get; }

    public abstract Shape Shape { get; }

    public virtual bool TakesRecords => false;

    public abstract SinkDefinition Bind(Section sink, IReadOnlyList<string>? columns);

    void ISinkKind.Check(SinkDefinition sink, StreamDefinition stream, Section root) => Check(Own(sink), stream, root);

    IEnumerable<ConfigError> ISinkKind.Check(SinkDefinition sink, StreamDefinition stream, Schema rows) => Check(Own(sink), stream, rows);

    string ISinkKind.Describe(SinkDefinition sink) => Describe(Own(sink));

    SinkOutput? ISinkKind.Output(SinkDefinition sink) => Output(Own(sink));

    IReadOnlyList<StoreUse> ISinkKind.Uses(SinkDefinition sink) => Uses(Own(sink));

    SinkTraits ISinkKind.Traits(SinkDefinition sink, StreamDefinition stream, IReadOnlyList<string>? columns) =>
        Traits(Own(sink), stream, columns);

    ISink ISinkKind.Open(SinkDefinition sink, SinkContext context) => Open(Own(sink), context);

    protected virtual void Check(TDefinition sink, StreamDefinition stream, Section root)
    {
    }

    protected virtual IEnumerable<ConfigError> Check(TDefinition sink, StreamDefinition stream, Schema rows) => [];

    protected abstract string Describe(TDefinition sink);

    protected virtual SinkOutput? Output(TDefinition sink) => null;

    protected virtual IReadOnlyList<StoreUse> Uses(TDefinition sink) => [];

    protected abstract SinkTraits Traits(TDefinition sink, StreamDefinition stream, IReadOnlyList<string>? columns);

    protected abstract ISink Open(TDefinition sink, SinkContext context);

    private static TDefinition Own(SinkDefinition sink) => (TDefinition)sink;
}
