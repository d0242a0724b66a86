using System.Text;
using MongoDB.Bson;
using MongoDB.Bson.IO;
using MongoDB.Bson.Serialization;
using MongoDB.Bson.Serialization.Serializers;

namespace Tidemill.Core.Documents;

/// <summary>Documents to write, one behind another in one buffer. Each has an <c>_id</c>. For one caller at a time.</summary>
public sealed class DocumentBatch : IDisposable
{
    private readonly List<int> _ends = [];
    private readonly MemoryStream _buffer = new();

    public int Count => _ends.Count;

    public long Bytes => _buffer.Length;

    /// <summary>A document's BSON, valid until the batch changes.</summary>
    public ReadOnlySpan<byte> this[int index] => _buffer.GetBuffer().AsSpan(Start(index), Length(index));

    /// <summary>The same as a document.</summary>
    public RawBsonDocument Document(int index)
    {
        var all = new ByteArrayBuffer(_buffer.GetBuffer(), (int)_buffer.Length, isReadOnly: true);
        return new RawBsonDocument(all.GetSlice(Start(index), Length(index)));
    }

    /// <summary>Adds what is written between a document's start and end. Nothing is added where writing throws.</summary>
    public void Add<T>(Action<BsonBinaryWriter, T> write, T state)
    {
        ArgumentNullException.ThrowIfNull(write);
        try
        {
            using var writer = new BsonBinaryWriter(_buffer);
            write(writer, state);
            _ends.Add((int)_buffer.Length);
        }
        catch
        {
            _buffer.SetLength(Start(Count));
            throw;
        }
    }

    public void Add(BsonDocument document) => Add(
        static (writer, document) => BsonDocumentSerializer.Instance.Serialize(BsonSerializationContext.CreateRoot(writer), document),
        document);

    /// <summary>Gives up the documents.</summary>
    public void Clear()
    {
        _buffer.SetLength(0);
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

    public void Dispose() => _buffer.Dispose();

    private int Start(int index) => index == 0 ? 0 : _ends[index - 1];

    private int Length(int index) => _ends[index] - Start(index);
}
