using System.Text.Json;
using Tidemill.DuckDb;

namespace Tidemill.Core.Streams;

/// <summary>A sink whose rows can be read back as JSON objects, one property a column, so that they can be proven.</summary>
public interface IDocumentSink : ISink
{
    /// <summary>What is written, for people: <c>index orders</c>.</summary>
    string Target { get; }

    /// <summary>Columns that make a document one.</summary>
    IReadOnlyList<string> Key { get; }

    /// <summary>The same, where it depends on which columns the rows have.</summary>
    IReadOnlyList<string> KeyOf(IReadOnlyList<string> columns) => Key;

    /// <summary>
    /// What the sink keeps of a column's value, as SQL over <paramref name="column"/>.
    /// </summary>
    string Kept(string column, LogicalType type) => column;

    /// <summary>What the sink gives back for a JSON value that was written to it, but for spelling.</summary>
    string KeptJson(string json) => json;

    /// <summary>Column whose highest value a document has; null: any of its rows may be the one that stands.</summary>
    string? Version { get; }

    /// <summary>Boolean column whose true deletes the document; null: none is deleted.</summary>
    string? Delete { get; }

    /// <summary>Every document that is there, in no order.</summary>
    IAsyncEnumerable<JsonElement> ReadDocumentsAsync(CancellationToken cancellationToken);
}
