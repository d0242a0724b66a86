using System.Text.Json;

namespace Tidemill.Core.Streams;

/// <summary>A sink whose rows can be read back as JSON objects, one property a column, so that they can be proven.</summary>
public interface IDocumentSink : ISink
{
    /// <summary>What is written, for people: <c>index orders</c>.</summary>
    string Target { get; }

    /// <summary>Columns that make a document one.</summary>
    IReadOnlyList<string> Key { get; }

    /// <summary>Column whose highest value a document has; null: any of its rows may be the one that stands.</summary>
    string? Version { get; }

    /// <summary>Boolean column whose true deletes the document; null: none is deleted.</summary>
    string? Delete { get; }

    /// <summary>Every document that is there, in no order.</summary>
    IAsyncEnumerable<JsonElement> ReadDocumentsAsync(CancellationToken cancellationToken);
}
