using System.Text.Json;

namespace Tidemill.Core.Streams;

/// <summary>A sink whose rows can be read back as JSON objects, one property a column, so that they can be proven.</summary>
public interface IDocumentSink : ISink
{
    /// <summary>What the sink gives back for a JSON value that was written to it, but for spelling.</summary>
    string KeptJson(string json) => json;

    /// <summary>Every document that is there, in no order.</summary>
    IAsyncEnumerable<JsonElement> ReadDocumentsAsync(CancellationToken cancellationToken);
}
