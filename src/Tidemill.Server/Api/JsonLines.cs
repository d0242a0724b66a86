using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;

namespace Tidemill.Server.Api;

/// <summary>Writes JSON values, one a line, into a response. A line goes out whole or not at all.</summary>
internal sealed class JsonLines : IAsyncDisposable
{
    private readonly PipeWriter _output;
    private readonly ArrayBufferWriter<byte> _line = new();

    public JsonLines(PipeWriter output)
    {
        _output = output;
        Json = new Utf8JsonWriter(_line, new JsonWriterOptions { SkipValidation = true });
    }

    /// <summary>The writer of the current line.</summary>
    public Utf8JsonWriter Json { get; }

    /// <summary>Bytes not handed to the connection yet.</summary>
    public long Pending => _output.UnflushedBytes;

    public void EndLine()
    {
        Json.Flush();
        _output.Write(_line.WrittenSpan);
        _output.Write("\n"u8);
        DropLine();
    }

    /// <summary>Gives the current line up.</summary>
    public void DropLine()
    {
        Json.Reset();
        _line.ResetWrittenCount();
    }

    public async Task FlushAsync(CancellationToken cancellationToken) => await _output.FlushAsync(cancellationToken);

    public ValueTask DisposeAsync() => Json.DisposeAsync();
}
