using System.Text;
using Tidemill.Core.Documents.Bson;

namespace Tidemill.Core.Documents;

/// <summary>Documents to write, one behind another in one pooled buffer. Each has an <c>_id</c>. For one caller at a time.</summary>
public sealed class DocumentBatch : IDisposable
{
    private readonly List<int> _ends = [];

    /// <summary>Write one document into it, then call <see cref="Add()"/>.</summary>
    public BsonWriter Writer { get; } = new();

    public int Count => _ends.Count;

    /// <summary>A document's BSON, valid until the batch changes.</summary>
    public ReadOnlySpan<byte> this[int index] => Writer.Written.Span[Start(index).._ends[index]];

    /// <summary>Gives up what was written behind the last document.</summary>
    public void Drop() => Writer.Truncate(Start(Count));

    /// <summary>Counts what was written behind the last document as the next one.</summary>
    public void Add() => _ends.Add(Writer.Length);

    public void Add(ReadOnlySpan<byte> document)
    {
        Writer.RawBytes(document);
        Add();
    }

    /// <summary>Gives up the documents.</summary>
    public void Clear()
    {
        Writer.Clear();
        _ends.Clear();
    }

    /// <summary>A batch of documents given as Extended JSON.</summary>
    /// <exception cref="FormatException">One is no JSON object.</exception>
    public static DocumentBatch Of(params IEnumerable<string> documents)
    {
        ArgumentNullException.ThrowIfNull(documents);
        var batch = new DocumentBatch();
        foreach (var document in documents)
            batch.Add(ExtendedJson.Parse(Encoding.UTF8.GetBytes(document)));

        return batch;
    }

    public void Dispose() => Writer.Dispose();

    private int Start(int index) => index == 0 ? 0 : _ends[index - 1];
}
