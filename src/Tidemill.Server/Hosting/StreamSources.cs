using Tidemill.Connectors.Documents;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Streams;

namespace Tidemill.Server.Hosting;

/// <summary>Opens the sources that pumps read, on the project's stores.</summary>
internal static class StreamSources
{
    public static ISource Open(ProjectRuntime runtime, StreamDefinition stream) => stream.Source switch
    {
        CollectionSourceDefinition collection => new CollectionSource(runtime.RequireDocuments(), collection),
        _ => throw new TidemillException(
            ErrorCode.ConfigurationInvalid, $"{stream.File}: the source has no place in target {runtime.Project.Target.Name}."),
    };
}
