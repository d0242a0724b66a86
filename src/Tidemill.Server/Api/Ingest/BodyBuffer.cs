using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace Tidemill.Server.Api.Ingest;

/// <summary>A request body in one pooled piece of memory, at most <see cref="RequestLimits.BodyBytes"/> long. Dispose returns it.</summary>
internal sealed class BodyBuffer : IDisposable
{
    private const int FirstSize = 64 << 10;

    private byte[] _buffer;
    private int _length;

    private BodyBuffer(int size) => _buffer = ArrayPool<byte>.Shared.Rent(size);

    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, _length);

    /// <summary>Reads it all; a body that is too large fails with the 413 of the server's limit.</summary>
    public static async Task<BodyBuffer> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var body = new BodyBuffer((int)Math.Clamp(request.ContentLength ?? 0, FirstSize, RequestLimits.BodyBytes));
        try
        {
            await body.FillAsync(request.BodyReader, cancellationToken);
            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _length = 0;
    }

    private async Task FillAsync(PipeReader reader, CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await reader.ReadAsync(cancellationToken);
            foreach (var part in result.Buffer)
                Append(part.Span);

            reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
                return;
        }
    }

    private void Append(ReadOnlySpan<byte> part)
    {
        if (_length + part.Length > _buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, _length + part.Length));
            _buffer.AsSpan(0, _length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        part.CopyTo(_buffer.AsSpan(_length));
        _length += part.Length;
    }
}
