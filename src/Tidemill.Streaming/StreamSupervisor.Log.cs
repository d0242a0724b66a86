using Microsoft.Extensions.Logging;
using Tidemill.Core.Errors;

namespace Tidemill.Streaming;

public sealed partial class StreamSupervisor
{
    [LoggerMessage(1, LogLevel.Warning, "Stream {Stream} stopped with {Code}: {Reason} It starts again by itself.")]
    private partial void StreamStopped(string stream, ErrorCode code, string reason);

    [LoggerMessage(2, LogLevel.Error, "Stream {Stream} broke.")]
    private partial void StreamBroke(string stream, Exception error);
}
