using System.Buffers;
using System.Buffers.Text;
using static System.Buffers.Binary.BinaryPrimitives;

namespace Tidemill.Core.Documents.Bson;

/// <summary>
/// Writes BSON into one pooled buffer, without an object a value:
/// <c>document: i32 bytes | elements | 0</c>, an element being <c>u8 type | name | 0 | value</c>, little-endian.
/// Names and text are UTF-8; the caller vouches for it, and for names without NUL. For one caller at a time.
/// </summary>
public sealed class BsonWriter : IDisposable
{
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(4096);

    /// <summary>Bytes written since <see cref="Clear"/>.</summary>
    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Written => _buffer.AsMemory(0, Length);

    /// <summary>Gives up what was written behind <paramref name="length"/>.</summary>
    public void Truncate(int length) => Length = length;

    public void Clear() => Length = 0;

    /// <summary>Begins a document that is no element; returns the mark for <see cref="End"/>.</summary>
    public int Begin()
    {
        var mark = Length;
        Reserve(4);
        Length += 4;
        return mark;
    }

    /// <summary>Begins an element that is a document or an array.</summary>
    public int Begin(BsonType type, ReadOnlySpan<byte> name)
    {
        Name(type, name);
        return Begin();
    }

    /// <summary>Ends the document, array or scope that began at the mark.</summary>
    public void End(int mark)
    {
        Reserve(1);
        _buffer[Length++] = 0;
        SetLength(mark);
    }

    internal void SetLength(int mark) => WriteInt32LittleEndian(_buffer.AsSpan(mark), Length - mark);

    public void Int32(ReadOnlySpan<byte> name, int value)
    {
        Name(BsonType.Int32, name);
        Raw(value);
    }

    public void Int64(ReadOnlySpan<byte> name, long value)
    {
        Name(BsonType.Int64, name);
        Raw(value);
    }

    /// <summary>As int32 when it fits, as drivers write whole numbers.</summary>
    public void Whole(ReadOnlySpan<byte> name, long value)
    {
        if (value is >= int.MinValue and <= int.MaxValue)
            Int32(name, (int)value);
        else
            Int64(name, value);
    }

    public void Double(ReadOnlySpan<byte> name, double value)
    {
        Name(BsonType.Double, name);
        Raw(BitConverter.DoubleToInt64Bits(value));
    }

    public void Decimal(ReadOnlySpan<byte> name, Decimal128 value)
    {
        Name(BsonType.Decimal128, name);
        Raw((long)value.Low);
        Raw((long)value.High);
    }

    public void Boolean(ReadOnlySpan<byte> name, bool value)
    {
        Name(BsonType.Boolean, name);
        Reserve(1);
        _buffer[Length++] = value ? (byte)1 : (byte)0;
    }

    public void Date(ReadOnlySpan<byte> name, long milliseconds)
    {
        Name(BsonType.Date, name);
        Raw(milliseconds);
    }

    public void Null(ReadOnlySpan<byte> name) => Name(BsonType.Null, name);

    public void Text(ReadOnlySpan<byte> name, ReadOnlySpan<byte> utf8)
    {
        Name(BsonType.Text, name);
        RawText(utf8);
    }

    public void Binary(ReadOnlySpan<byte> name, byte subtype, ReadOnlySpan<byte> bytes)
    {
        Name(BsonType.Binary, name);
        RawBinary(subtype, bytes);
    }

    /// <summary>Subtype 4: the 16 bytes in text order (RFC 4122).</summary>
    public void Uuid(ReadOnlySpan<byte> name, Guid value)
    {
        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes, bigEndian: true, out _);
        Binary(name, 4, bytes);
    }

    /// <summary>An element whose value is BSON already.</summary>
    public void Value(ReadOnlySpan<byte> name, BsonType type, ReadOnlySpan<byte> value)
    {
        Name(type, name);
        RawBytes(value);
    }

    /// <summary>A whole document, as an element.</summary>
    public void Document(ReadOnlySpan<byte> name, ReadOnlySpan<byte> document) => Value(name, BsonType.Document, document);

    /// <summary>The type and name of an element; its value must follow. Returns where the type stands, for <see cref="SetType"/>.</summary>
    internal int Name(BsonType type, ReadOnlySpan<byte> name)
    {
        var at = Length;
        Reserve(name.Length + 2);
        _buffer[Length++] = (byte)type;
        name.CopyTo(_buffer.AsSpan(Length));
        Length += name.Length;
        _buffer[Length++] = 0;
        return at;
    }

    internal void SetType(int at, BsonType type) => _buffer[at] = (byte)type;

    internal void Raw(int value)
    {
        Reserve(4);
        WriteInt32LittleEndian(_buffer.AsSpan(Length), value);
        Length += 4;
    }

    internal void Raw(long value)
    {
        Reserve(8);
        WriteInt64LittleEndian(_buffer.AsSpan(Length), value);
        Length += 8;
    }

    /// <summary>Bytes that are BSON already, such as a whole document that is no element.</summary>
    public void RawBytes(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(Length));
        Length += bytes.Length;
    }

    /// <summary>i32 bytes with the NUL | text | NUL.</summary>
    internal void RawText(ReadOnlySpan<byte> utf8)
    {
        Raw(utf8.Length + 1);
        RawCText(utf8);
    }

    internal void RawCText(ReadOnlySpan<byte> utf8)
    {
        RawBytes(utf8);
        Reserve(1);
        _buffer[Length++] = 0;
    }

    internal void RawBinary(byte subtype, ReadOnlySpan<byte> bytes)
    {
        Raw(bytes.Length);
        Reserve(1);
        _buffer[Length++] = subtype;
        RawBytes(bytes);
    }

    /// <summary>The name of an array's element: its position in digits.</summary>
    public static ReadOnlySpan<byte> ArrayName(int index, Span<byte> digits)
    {
        Utf8Formatter.TryFormat(index, digits, out var length);
        return digits[..length];
    }

    private void Reserve(int bytes)
    {
        if (_buffer.Length - Length >= bytes)
            return;

        var larger = ArrayPool<byte>.Shared.Rent(checked((int)Math.Max(_buffer.Length * 2L, (long)Length + bytes)));
        _buffer.AsSpan(0, Length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }

    public void Dispose()
    {
        var buffer = _buffer;
        _buffer = [];
        if (buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(buffer);
    }
}
