using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Tidemill.Core.Documents.Bson;

/// <summary>How the types that JSON does not have are written.</summary>
public enum JsonTypes
{
    /// <summary>ids as hex, dates as ISO 8601, decimals as numbers with all their digits, UUIDs as text, bytes as base64.</summary>
    Plain,

    /// <summary>Extended JSON v2, relaxed: numbers as numbers, other types wrapped.</summary>
    Relaxed,

    /// <summary>Extended JSON v2, canonical: every type comes back as it was.</summary>
    Canonical,
}

/// <summary>BSON to JSON and back (MongoDB's Extended JSON v2 specification).</summary>
public static class ExtendedJson
{
    internal static readonly JsonWriterOptions Options =
        new() { SkipValidation = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The document as one JSON object, UTF-8. DataCorrupt when the bytes are no BSON.</summary>
    public static byte[] Write(ReadOnlySpan<byte> document, JsonTypes types)
    {
        var buffer = new ArrayBufferWriter<byte>(document.Length * 2);
        using (var json = new Utf8JsonWriter(buffer, Options))
            new ExtendedJsonWriter(json, types).WriteDocument(document);

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>A JSON object, Extended JSON or plain, as BSON.</summary>
    /// <exception cref="FormatException">It is no JSON object, or an extended type is spelt wrongly; the message holds no
    /// values.</exception>
    public static byte[] Parse(ReadOnlySpan<byte> utf8)
    {
        using var writer = new BsonWriter();
        ExtendedJsonParser.ParseDocument(utf8, writer);
        return writer.Written.ToArray();
    }
}
