using MongoDB.Bson;
using Tidemill.Core.Documents;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.Documents;

/// <summary>
/// A find by a field that is not <c>_id</c>: reads the whole collection and keeps the first documents in order, never more
/// than the limit.
/// </summary>
internal sealed class FieldScan(DocumentQuery query)
{
    private readonly byte[]? _from = query.From is { } from ? SortKey.Of(from) : null;
    private readonly byte[]? _after = query.AfterId is { } after ? SortKey.Of(after) : null;
    private readonly PriorityQueue<RawBsonDocument, Place> _first = new(Comparer<Place>.Create((x, y) => y.CompareTo(x)));

    public List<RawBsonDocument> Run(DuckDbConnection connection)
    {
        using var statement = connection.Prepare("SELECT key, document FROM documents WHERE collection = $1");
        statement.Bind(1, query.Collection);
        using var result = statement.Query();
        while (result.Fetch() is { } chunk)
        {
            using (chunk)
            {
                for (var row = 0; row < chunk.Size; row++)
                    Take(chunk[0].GetBytes(row), new RawBsonDocument(chunk[1].GetBytes(row).ToArray()));
            }
        }

        var documents = new List<RawBsonDocument>(_first.Count);
        while (_first.TryDequeue(out var document, out _))
            documents.Add(document);

        documents.Reverse();
        return documents;
    }

    private void Take(ReadOnlySpan<byte> id, RawBsonDocument document)
    {
        if (document.Field(query.Field) is not { } value || value is BsonNull or BsonUndefined)
            return;

        var place = new Place(SortKey.Of(value), id.ToArray());
        if (!IsBehind(place))
            return;

        _first.Enqueue(document, place);
        if (_first.Count > query.Limit)
            _first.Dequeue();
    }

    private bool IsBehind(Place place)
    {
        if (_from is null)
            return true;

        var order = place.Field.AsSpan().SequenceCompareTo(_from);
        return place.Field[0] == _from[0]
            && (order > 0 || (order == 0 && (_after is null || place.Id.AsSpan().SequenceCompareTo(_after) > 0)));
    }

    private readonly record struct Place(byte[] Field, byte[] Id) : IComparable<Place>
    {
        public int CompareTo(Place other)
        {
            var order = Field.AsSpan().SequenceCompareTo(other.Field);
            return order != 0 ? order : Id.AsSpan().SequenceCompareTo(other.Id);
        }
    }
}
