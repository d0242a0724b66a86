using System.Text.Json;
using Tidemill.Core.Search;

namespace Tidemill.Connectors.Search.Embedded;

/// <summary>One write to an index, as an operation of the bulk API says it.</summary>
internal sealed record IndexOperation(string Id, ReadOnlyMemory<byte> Source)
{
    /// <summary>The version that counts, in place of a count of writes: lower ones are left out. Null: count.</summary>
    public long? Version { get; init; }

    public bool CreateOnly { get; init; }

    public bool IsDelete { get; init; }

    /// <summary>Set when the operation met a newer version.</summary>
    public bool IsStale { get; set; }

    /// <summary>The operations of a body with the index each goes to.</summary>
    public static IReadOnlyList<(string Index, IndexOperation Operation)> Parse(string? index, BulkBody body)
    {
        var operations = new List<(string, IndexOperation)>(body.Starts.Count);
        for (var i = 0; i < body.Starts.Count; i++)
        {
            var text = body.Operation(i);
            var end = text.Span.IndexOf((byte)'\n');
            var source = end + 1 < text.Length ? text[(end + 1)..^1] : default;
            operations.Add(ParseAction(text.Span[..end], source, index));
        }

        return operations;
    }

    private static (string Index, IndexOperation Operation) ParseAction(
        ReadOnlySpan<byte> action, ReadOnlyMemory<byte> source, string? index)
    {
        var reader = new Utf8JsonReader(action);
        reader.Read();
        reader.Read();
        var (isDelete, createOnly) = (reader.ValueTextEquals("delete"u8), reader.ValueTextEquals("create"u8));
        var (id, version) = ("", (long?)null);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString();
            reader.Read();
            switch (name)
            {
                case "_id": id = reader.GetString()!; break;
                case "_index": index = reader.GetString(); break;
                case "version": version = reader.GetInt64(); break;
            }
        }

        return (
            index ?? throw new ArgumentException("An operation names no index.", nameof(index)),
            new IndexOperation(id, source) { Version = version, IsDelete = isDelete, CreateOnly = createOnly });
    }
}
