using System.Text;
using Tidemill.Core.Logs;
using Tidemill.Server.Api;

namespace Tidemill.Server.Topics;

/// <summary>Picks the records that satisfy a filter out of a run of records. Used by one caller at a time.</summary>
internal sealed class RecordMatcher : IDisposable
{
    private readonly byte[]? _key;
    private readonly byte[]? _text;
    private readonly RecordSqlFilter? _sql;

    /// <summary>SqlInvalid when the filter's condition cannot be read.</summary>
    public RecordMatcher(RecordFilter filter)
    {
        _key = filter.Key is { } key ? Encoding.UTF8.GetBytes(key) : null;
        _text = filter.Text is { } text ? Encoding.UTF8.GetBytes(text) : null;
        _sql = filter.Where is { } where ? new RecordSqlFilter(where) : null;
    }

    /// <summary>Indexes of the matching records among those before <paramref name="end"/>, in order.</summary>
    public List<int> Matches(FetchedRecords fetched, long end, CancellationToken cancellationToken)
    {
        List<int> candidates = [];
        for (var i = 0; i < fetched.Records.Length && fetched.Records[i].Offset < end; i++)
        {
            if (Holds(in fetched.Records[i]))
                candidates.Add(i);
        }

        return _sql is null || candidates.Count == 0 ? candidates : _sql.Matches(fetched, candidates, cancellationToken);
    }

    /// <summary>A record for people, copied out of the fetch.</summary>
    public static RecordAnswer Answer(FetchedRecords fetched, int index)
    {
        ref readonly var record = ref fetched.Records[index];
        return new RecordAnswer(
            fetched.Partition.Partition, record.Offset, DateTimeOffset.FromUnixTimeMilliseconds(record.TimestampMs),
            record.HasKey ? BytesView.Of(record.Key) : null,
            record.IsTombstone ? null : BytesView.Of(record.Value),
            [.. fetched.Headers(index).Select(h => new HeaderAnswer(h.Name, h.Value is { } value ? BytesView.Of(value.Span) : null))]);
    }

    public void Dispose() => _sql?.Dispose();

    private bool Holds(in RecordRef record) =>
        (_key is null || (record.HasKey && record.Key.SequenceEqual(_key)))
        && (_text is null || record.Value.IndexOf(_text) >= 0 || record.Key.IndexOf(_text) >= 0);
}
