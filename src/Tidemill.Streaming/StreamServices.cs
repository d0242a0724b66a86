using Microsoft.Extensions.Logging;
using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;
using Tidemill.Core.Streams;
using Tidemill.Core.Warehouses;

namespace Tidemill.Streaming;

/// <summary>What streams and pumps run on. Owned by the caller, who disposes it after they have stopped.</summary>
/// <param name="Project">The project's name: part of the consumer groups' names.</param>
public sealed record StreamServices(string Project, ILog Log, IWarehouse Warehouse, TimeProvider Time, ILoggerFactory Loggers)
{
    private readonly IStores? _stores;
    private readonly Func<StreamDefinition, SinkDefinition, ISink>? _openSink;
    private readonly Func<PumpDefinition, IPumpSource>? _openSource;

    /// <summary>The stores that sinks and sources open on. Default: log and warehouse.</summary>
    public IStores Stores
    {
        get => _stores ?? new OpenStores().With(Log).With(Warehouse);
        init => _stores = value;
    }

    /// <summary>Opens a sink. Default: its kind does, on <see cref="Stores"/>.</summary>
    public Func<StreamDefinition, SinkDefinition, ISink> OpenSink
    {
        get => _openSink ?? Open;
        init => _openSink = value;
    }

    /// <summary>Opens what a pump reads. Default: its kind does, on <see cref="Stores"/>.</summary>
    public Func<PumpDefinition, IPumpSource> OpenSource
    {
        get => _openSource ?? (pump => pump.Source.Kind.Open(pump.Source, new SourceContext(Stores, Time)));
        init => _openSource = value;
    }

    /// <summary>The log that has the source's topic; NotFound when the target has no such connection.</summary>
    public ILog LogOf(TopicSourceDefinition source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return LogOf(source.Connection);
    }

    /// <summary>The target's log, or the connection's; NotFound when the target has no such connection.</summary>
    public ILog LogOf(string? connection) => connection is null ? Log : Stores.Get<ILog>(connection);

    private ISink Open(StreamDefinition stream, SinkDefinition sink)
    {
        var notes = new SinkNotes(Loggers.CreateLogger<StreamServices>(), stream.Name);
        return sink.Kind.Open(sink, new SinkContext(Project, stream, Stores, notes.Take));
    }
}
