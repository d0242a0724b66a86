using System.Numerics;
using System.Runtime.CompilerServices;
using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;

namespace Tidemill.Streaming.Decoding;

/// <summary>
/// Decodes JSON records into typed vectors in one pass over the bytes, without objects in between; rules and reasons
/// stand in docs/formats/json-decoding.md. Allocates nothing for a record. It learns the order of properties from the
/// records it sees, so an instance serves one thread at a time.
/// </summary>
public sealed unsafe partial class JsonDecoder
{
    private readonly DecodePlan _plan;

    // The property met last time at the start of node i's object, and behind node i's property.
    private readonly PropertyNode?[] _firstProperty;
    private readonly PropertyNode?[] _followingProperty;
    private readonly ulong[] _seen;
    private readonly ulong[] _met;
    private string? _unknownField;
    private long _offset;
    private byte[] _scratch = new byte[256];
    private ChunkWriter _target = null!;
    private ScanFailure _failed;
    private FieldPlan? _failedField;
    private byte* _recordEnd;
    private byte* _undeclaredNameEnd;
    private byte* _extra;
    private int _extraLength;
    private int _extraRoom;

    /// <exception cref="Core.Errors.TidemillException">ConfigurationInvalid: a default that its field's type cannot hold, or a
    /// bad path.</exception>
    public JsonDecoder(DecodeDefinition definition, MetadataColumns metadata = MetadataColumns.None)
        : this(new DecodePlan(definition ?? throw new ArgumentNullException(nameof(definition)), metadata))
    {
    }

    internal JsonDecoder(DecodePlan plan)
    {
        this._plan = plan;
        _firstProperty = new PropertyNode?[plan.Nodes.Count];
        _followingProperty = new PropertyNode?[plan.Nodes.Count];
        _seen = new ulong[plan.FieldNodes.Length];
        _met = new ulong[plan.FieldNodes.Length];
        Unknown = new UnknownFields(plan);
    }

    /// <summary>The decoded fields in order of declaration, the extra column, then the metadata columns asked for.</summary>
    public Schema Schema => _plan.Schema;

    /// <summary>Undeclared properties noticed so far.</summary>
    internal UnknownFields Unknown { get; }

    /// <summary>What the record's own object counts towards <see cref="JsonScanner.MaxDepth"/>: 1, or 0 for rows that a stream
    /// wrote, whose object stands around values of the full depth.</summary>
    internal int RootDepth { get; set; } = 1;

    /// <summary>False: undeclared properties are passed by without a look.</summary>
    internal bool Watches { get; set; } = true;

    /// <summary>Which nodes with fields were met by some record since the last call.</summary>
    internal ulong[] TakeMet()
    {
        var taken = _met.AsSpan().ToArray();
        _met.AsSpan().Clear();
        return taken;
    }

    /// <summary>A chunk for this decoder's rows.</summary>
    public ChunkWriter CreateWriter() => new(_plan.Schema);

    /// <summary>
    /// Decodes one record into the next row of <paramref name="target"/>, which must not be full. When it returns false
    /// no row was added and <paramref name="failure"/> says why; the first failure in byte order is reported.
    /// </summary>
    public bool TryDecode(in RecordRef record, ChunkWriter target, out DecodeFailure failure)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (target.IsFull)
            throw new InvalidOperationException("The chunk is full.");

        this._target = target;
        if (record.IsTombstone)
        {
            failure = new DecodeFailure(DecodeReason.Tombstone, null, null, 0);
            return false;
        }

        // SAFETY: the span stays valid for the call; nothing below reads outside start..end.
        fixed (byte* start = record.Value)
        {
            _failedField = null;
            _unknownField = null;
            _offset = record.Offset;
            if (DecodeRecord(start, start + record.Value.Length))
            {
                WriteMetadata(record);
                target.Advance();
                failure = default;
                return true;
            }

            target.Abandon();
            failure = Failure(start, record.Value);
            return false;
        }
    }

    private DecodeFailure Failure(byte* start, ReadOnlySpan<byte> value)
    {
        var at = (int)(_failed.At - start);
        var watched = _plan.Drift != DriftPolicy.Ignore && _failedField is not null && at < value.Length;
        return new DecodeFailure(_failed.Reason, _unknownField ?? _failedField?.Name, _failedField?.Type, at)
        {
            Wider = watched ? WiderType.For(_failed.Reason, _failedField!.Type, value[at..]) : null,
        };
    }

    private bool DecodeRecord(byte* p, byte* end)
    {
        if (end - p >= 3 && p[0] == 0xEF && p[1] == 0xBB && p[2] == 0xBF)
            p += 3;

        p = JsonScanner.SkipWhitespace(p, end);
        if (p >= end || *p != '{')
            return RejectRoot(p, end);

        _seen.AsSpan().Clear();
        _extra = null;
        _extraLength = 0;
        _recordEnd = end;
        _extraRoom = (int)(end - p);
        p = DecodeObject(_plan.Root, p, end, RootDepth);
        if (p == null)
            return false;

        p = JsonScanner.SkipWhitespace(p, end);
        if (p < end)
        {
            _failed.Set(DecodeReason.TrailingData, p);
            return false;
        }

        return FillMissing() && WriteExtra();
    }

    private bool RejectRoot(byte* p, byte* end)
    {
        if (p >= end)
            _failed.Set(DecodeReason.Empty, p);
        else if (JsonScanner.SkipValue(p, end, 0, ref _failed) != null)
            _failed.Set(DecodeReason.NotAnObject, p);

        return false;
    }

    /// <summary>Decodes the object at p, whose opening brace the caller has seen; recursion ends with the declared paths.</summary>
    private byte* DecodeObject(PropertyNode parent, byte* p, byte* end, int depth)
    {
        ref var expected = ref _firstProperty[parent.Index];
        p = JsonScanner.SkipWhitespace(p + 1, end);
        if (p < end && *p == '}')
            return p + 1;

        while (true)
        {
            var name = p;
            var node = expected;
            if (node is not null && IsWritten(node, p, end))
            {
                p = JsonScanner.SkipWhitespace(p + node.Written.Length, end);
            }
            else
            {
                p = FindProperty(parent, p, end, out node);
                expected = node ?? expected;
                if (p == null)
                    return null;
            }

            if (node is null)
            {
                p = SkipUndeclared(parent, name, p, end, depth);
            }
            else
            {
                expected = ref _followingProperty[node.Index];
                p = DecodeProperty(node, name, p, end, depth);
            }

            if (p == null)
                return null;

            p = JsonScanner.SkipWhitespace(p, end);
            if (p < end && *p == ',')
            {
                p = JsonScanner.SkipWhitespace(p + 1, end);
                continue;
            }

            return p < end && *p == '}' ? p + 1 : JsonScanner.Unexpected(p, end, ref _failed);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsWritten(PropertyNode node, byte* p, byte* end)
    {
        var written = node.Written;
        return written.Length <= end - p && new ReadOnlySpan<byte>(p, written.Length).SequenceEqual(written);
    }

    /// <summary>
    /// Reads the name and colon at p and looks the name up; node is null when nothing declared bears it. Returns where the
    /// value begins.
    /// </summary>
    private byte* FindProperty(PropertyNode parent, byte* p, byte* end, out PropertyNode? node)
    {
        node = null;
        if (p >= end || *p != '"')
            return JsonScanner.Unexpected(p, end, ref _failed);

        var quote = JsonScanner.StringEnd(p + 1, end, out var escaped, ref _failed);
        if (quote == null)
            return null;

        node = parent.Find(Text(p + 1, quote, escaped));
        _undeclaredNameEnd = quote + 1;
        return JsonScanner.Colon(quote + 1, end, ref _failed);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* DecodeProperty(PropertyNode node, byte* name, byte* p, byte* end, int depth)
    {
        ref var word = ref _seen[node.Index >> 6];
        var bit = 1UL << (node.Index & 63);
        if ((word & bit) != 0)
        {
            _failedField = node.FirstField;
            return _failed.Set(DecodeReason.DuplicateKey, name);
        }

        word |= bit;
        return node.OnlyField is { } field ? DecodeField(field, p, end, depth) : DecodeShared(node, p, end, depth);
    }

    /// <summary>A value that feeds several fields, or holds declared properties, or both.</summary>
    private byte* DecodeShared(PropertyNode node, byte* p, byte* end, int depth)
    {
        var after = p;
        if (node.Children.Count > 0)
        {
            if (p < end && *p == '{')
            {
                after = DecodeObject(node, p, end, depth + 1);
            }
            else
            {
                after = JsonScanner.SkipValue(p, end, depth, ref _failed);
                after = after == null || *p == 'n' ? after : _failed.Set(DecodeReason.WrongType, p);
            }
        }

        foreach (var field in node.Fields)
            after = after == null ? null : DecodeField(field, p, end, depth);

        return after;
    }

    private byte* SkipUndeclared(PropertyNode parent, byte* name, byte* p, byte* end, int depth)
    {
        var nameEnd = _undeclaredNameEnd;
        var after = JsonScanner.SkipValue(p, end, depth, ref _failed);
        if (after == null)
            return null;

        if (_plan.ExtraColumn >= 0 && parent == _plan.Root)
        {
            AddExtra(name, nameEnd, p, after);
            return after;
        }

        return !Watches || Notice(parent, name, nameEnd, p, after) ? after : _failed.Set(DecodeReason.UnknownField, name);
    }

    /// <summary>False when the record must be refused for the property.</summary>
    private bool Notice(PropertyNode parent, byte* name, byte* nameEnd, byte* value, byte* valueEnd)
    {
        var text = new ReadOnlySpan<byte>(name + 1, (int)(nameEnd - name) - 2);
        var found = Unknown.Notice(
            parent, text.Contains((byte)'\\') ? Unescaped(text) : text, new ReadOnlySpan<byte>(value, (int)(valueEnd - value)),
            _target.Partition, _offset);
        if (found is { Ignored: false } && _plan.Drift is DriftPolicy.Quarantine or DriftPolicy.Halt)
        {
            _unknownField = found.Field;
            return false;
        }

        return true;
    }

    /// <summary>Gives declared properties that did not appear their default, NULL or failure.</summary>
    private bool FillMissing()
    {
        for (var i = 0; i < _seen.Length; i++)
        {
            _met[i] |= _seen[i];
            for (var missing = _plan.FieldNodes[i] & ~_seen[i]; missing != 0; missing &= missing - 1)
            {
                foreach (var field in _plan.Nodes[(i << 6) + BitOperations.TrailingZeroCount(missing)].Fields)
                {
                    if (!WriteMissing(field))
                        return false;
                }
            }
        }

        return true;
    }
}
