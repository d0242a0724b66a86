namespace Tidemill.Core.Search;

/// <summary>
/// Operations in the text of Elasticsearch's bulk API: for each a line with the action and, but for delete, a line with
/// the document, one JSON object. Actions are <c>index</c>, <c>create</c> and <c>delete</c>; each has an <c>_id</c> of 1 to
/// 512 bytes, may have an <c>_index</c>, and a <c>version</c> with <c>version_type</c> external_gte.
/// </summary>
/// <param name="Text">UTF-8; every line ends with a line feed.</param>
/// <param name="Starts">Where each operation begins.</param>
public sealed record BulkBody(ReadOnlyMemory<byte> Text, IReadOnlyList<int> Starts)
{
    /// <summary>Both lines of an operation.</summary>
    public ReadOnlyMemory<byte> Operation(int index) =>
        Text[Starts[index]..(index + 1 < Starts.Count ? Starts[index + 1] : Text.Length)];

    /// <summary>Operations from <paramref name="first"/> on, as a body of their own.</summary>
    public BulkBody Slice(int first, int count)
    {
        var start = Starts[first];
        var end = first + count < Starts.Count ? Starts[first + count] : Text.Length;
        return new BulkBody(Text[start..end], [.. Starts.Skip(first).Take(count).Select(s => s - start)]);
    }
}

/// <summary>What became of a body's operations.</summary>
/// <param name="Changed">Documents made, replaced or deleted; not those that a newer version, or for create any, left alone.</param>
/// <param name="Refused">Operations that fail however often they are sent: the document does not fit.</param>
public sealed record BulkAnswer(long Changed, IReadOnlyList<RefusedOperation> Refused);

/// <param name="Operation">Number of the operation in the body.</param>
/// <param name="Reason">Why, without values.</param>
public sealed record RefusedOperation(int Operation, string Reason);
