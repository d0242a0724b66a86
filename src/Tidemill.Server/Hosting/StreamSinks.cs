using Microsoft.Extensions.Logging;
using Tidemill.Connectors.Documents;
using Tidemill.Connectors.Search.Streams;
using Tidemill.Connectors.Topics;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Streams;

namespace Tidemill.Server.Hosting;

/// <summary>Opens the sinks of streams that are no tables of the warehouse, on the project's stores.</summary>
internal static partial class StreamSinks
{
    public static ISink Open(ProjectRuntime runtime, StreamDefinition stream, SinkDefinition sink) => sink switch
    {
        CollectionSinkDefinition collection => new CollectionSink(runtime.RequireDocuments(), runtime.Project.Name, stream, collection),
        TopicSinkDefinition topic => new TopicSink(
            runtime.LogOf(((TopicSourceDefinition)stream.Source).Connection),
            runtime.LogOf(topic.Connection), runtime.Project.Name, stream, topic),
        IndexSinkDefinition index => new IndexSink(
            runtime.Search,
            runtime.Project.Name, stream, index, note => Note(runtime.Loggers.CreateLogger<IndexSink>(), stream.Name, note)),
        _ => throw new TidemillException(
            ErrorCode.ConfigurationInvalid,
            $"{stream.File}: sink {sink.Name} has no place in target {runtime.Project.Target.Name}."),
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream}: {Note}")]
    private static partial void Note(ILogger logger, string stream, string note);
}
