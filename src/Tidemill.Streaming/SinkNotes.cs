using Microsoft.Extensions.Logging;

namespace Tidemill.Streaming;

/// <summary>Logs what a stream's stores cannot do and may leave.</summary>
internal sealed partial class SinkNotes(ILogger logger, string stream)
{
    public void Take(string note) => Took(logger, stream, note);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream}: {Note}")]
    private static partial void Took(ILogger logger, string stream, string note);
}
