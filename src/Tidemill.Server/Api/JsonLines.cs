using System.IO.Pipelines;
using System.Text.Json;

namespace Tidemill.Server.Api;

/// <summary>Writes JSON values, one a line, into a response.</summary>
internal sealed class JsonLines(PipeWriter output) : IAsyncDisposable
{
    /// <summary>The writer of the current line.</summary>
    public Utf8JsonWriter Json { get; } = new(output, new JsonWriterOptions { SkipValidation = true });

    /// <summary>Bytes not handed to the connection yet.</summary>
    public long Pending => output.UnflushedBytes;

    public void EndLine()
    {
        Json.Flush();
        Json.Reset();
        output.GetSpan(1)[0] = (byte)'\n';
        output.Advance(1);
    }

    public async Task FlushAsync(CancellationToken cancellationToken) => await output.FlushAsync(cancellationToken);

    public ValueTask DisposeAsync() => Json.DisposeAsync();
}
