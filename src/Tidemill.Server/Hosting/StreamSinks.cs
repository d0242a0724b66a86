using Tidemill.Connectors.Documents;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Streams;

namespace Tidemill.Server.Hosting;

/// <summary>Opens the sinks of streams that are no tables of the warehouse, on the project's stores.</summary>
internal static class StreamSinks
{
    public static ISink Open(ProjectRuntime runtime, StreamDefinition stream, SinkDefinition sink) => sink switch
    {
        CollectionSinkDefinition collection => new CollectionSink(runtime.RequireDocuments(), runtime.Project.Name, stream, collection),
        _ => throw new TidemillException(
            ErrorCode.ConfigurationInvalid,
            $"{stream.File}: sink {sink.Name} has no place in target {runtime.Project.Target.Name}."),
    };
}
