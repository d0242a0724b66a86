using System.Runtime.InteropServices;
using Tidemill.Core.Logs;

namespace Tidemill.Streaming.DeadLetters;

/// <summary>A dead letter as the record it was, so that it can go through a stream's stages again.</summary>
internal sealed unsafe class LetterRecords : FetchedRecords
{
    private readonly RecordRef[] _records;
    private readonly long _bytes;
    private readonly IReadOnlyList<RecordHeader> _headers;
    private GCHandle _key;
    private GCHandle _value;

    public LetterRecords(DeadLetter letter)
    {
        var value = letter.SentValue;
        Partition = letter.Position.Partition;
        _headers = letter.Headers;
        Next = letter.Position.Offset.Plus(1);
        _bytes = (letter.Key?.Length ?? 0) + (value?.Length ?? 0);
        _key = GCHandle.Alloc(letter.Key ?? [], GCHandleType.Pinned);
        _value = GCHandle.Alloc(value ?? [], GCHandleType.Pinned);
        // SAFETY: both arrays stay pinned until Dispose, which ends the validity of the records by contract.
        _records =
        [
            new RecordRef(
                (byte*)_key.AddrOfPinnedObject(), letter.Key?.Length ?? -1,
                (byte*)_value.AddrOfPinnedObject(), value?.Length ?? -1,
                letter.Position.Offset.Value, letter.Timestamp.ToUnixTimeMilliseconds()),
        ];
    }

    public override TopicPartition Partition { get; }

    public override ReadOnlySpan<RecordRef> Records => _records;

    public override LogOffset Next { get; }

    public override long Bytes => _bytes;

    public override IReadOnlyList<RecordHeader> Headers(int index) => _headers;

    protected override void Dispose(bool disposing)
    {
        if (_key.IsAllocated)
        {
            _key.Free();
            _value.Free();
        }
    }
}
