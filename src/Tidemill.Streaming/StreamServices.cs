using Microsoft.Extensions.Logging;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Streams;
using Tidemill.Core.Warehouses;

namespace Tidemill.Streaming;

/// <summary>What streams run on. Owned by the caller, who disposes it after the streams have stopped.</summary>
/// <param name="Project">The project's name: part of the consumer groups' names.</param>
/// <param name="Generator">Makes the function from record number to record for a generator source.</param>
public sealed record StreamServices(
    string Project,
    ILog Log,
    IWarehouse Warehouse,
    TimeProvider Time,
    ILoggerFactory Loggers,
    Func<GeneratorSourceDefinition, Func<long, ProducerRecord>> Generator)
{
    /// <summary>Opens a source that a pump reads. Default: there is none.</summary>
    public Func<StreamDefinition, ISource> OpenSource { get; init; } = stream => throw new TidemillException(
        ErrorCode.ConfigurationInvalid, $"{stream.File}: the source cannot be opened here.");

    /// <summary>The logs of the target's connections, by name; owned by the caller too.</summary>
    public IReadOnlyDictionary<string, ILog> Connections { get; init; } = new Dictionary<string, ILog>();

    /// <summary>The log that has the source's topic; NotFound when the target has no such connection.</summary>
    public ILog LogOf(TopicSourceDefinition source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return LogOf(source.Connection);
    }

    /// <summary>The target's log, or the connection's; NotFound when the target has no such connection.</summary>
    public ILog LogOf(string? connection) => connection is null ? Log : Connections.GetValueOrDefault(connection)
        ?? throw new TidemillException(ErrorCode.NotFound, $"The target has no connection {connection}, which a stream's topic names.");

    /// <summary>Opens a sink that is not a table of the warehouse. Default: there is none.</summary>
    public Func<StreamDefinition, SinkDefinition, ISink> OpenSink { get; init; } = (stream, sink) => throw new TidemillException(
        ErrorCode.ConfigurationInvalid, $"{stream.File}: a stream from a topic cannot write to sink {sink.Name}.");
}
