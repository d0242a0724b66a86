using System.Buffers;
using System.Runtime.CompilerServices;
using Tidemill.Core.Errors;
using Tidemill.DuckDb;
using static System.Buffers.Binary.BinaryPrimitives;

namespace Tidemill.Connectors.Postgres.Copy;

/// <summary>One column of a COPY: which column of the batch, and how its cells are written.</summary>
internal sealed record CopyColumn(string Name, int Source, CellEncoding Encoding);

/// <summary>
/// Writes rows of data chunks in COPY's binary format (PostgreSQL manual, COPY, "Binary Format"), straight from the
/// vectors into one reused buffer, without an object or allocation a row:
/// <c>"PGCOPY\n\377\r\n\0" | i32 flags | i32 extension bytes | rows | i16 -1</c>, a row being
/// <c>i16 fields | fields * (i32 bytes or -1 for NULL | bytes)</c>, all big-endian.
/// </summary>
internal sealed unsafe class RowEncoder : IDisposable
{
    private const int InitialBytes = 256 * 1024;
    private const long EpochDays = 10_957;
    private const long EpochMicros = 946_684_800_000_000;

    private readonly CopyColumn[] _columns;
    private readonly Cursor[] _cursors;
    private readonly int _fixedRowBytes;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(InitialBytes);
    private int _position;

    /// <param name="columns">What to write, in the order of the COPY's column list.</param>
    public RowEncoder(IReadOnlyList<CopyColumn> columns)
    {
        _columns = [.. columns];
        _cursors = new Cursor[_columns.Length];
        _fixedRowBytes = 2 + 8 + _columns.Sum(column => CellEncodings.FixedBytes(column.Encoding));
    }

    /// <summary>A leading int4 column that numbers the rows from here on; null for none.</summary>
    public int? Ordinal { get; set; }

    /// <summary>What has been written since <see cref="Clear"/>.</summary>
    public ReadOnlyMemory<byte> Written => _buffer.AsMemory(0, _position);

    public void Clear() => _position = 0;

    public void WriteHeader()
    {
        ReadOnlySpan<byte> header =
            [(byte)'P', (byte)'G', (byte)'C', (byte)'O', (byte)'P', (byte)'Y', 10, 255, 13, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        header.CopyTo(_buffer);
        _position = header.Length;
    }

    /// <summary>After the last row; there is always room for it behind a full buffer of rows.</summary>
    public void WriteTrailer()
    {
        WriteInt16BigEndian(_buffer.AsSpan(_position), -1);
        _position += 2;
    }

    /// <summary>
    /// Encodes rows from <paramref name="row"/> on until the chunk ends or the buffer is full, and moves it past them.
    /// </summary>
    /// <exception cref="TidemillException">RowRejected: a text holds the character NUL, or a date lies out of range.</exception>
    public void Encode(DataChunk chunk, ref int row)
    {
        Attach(chunk);
        var size = chunk.Size;
        fixed (byte* buffer = _buffer)
        {
            // Two bytes stay free for the trailer.
            var end = buffer + _buffer.Length - 2;
            while (row < size)
            {
                var next = EncodeRow(buffer + _position, end, row);
                if (next is null)
                    break;

                _position = (int)(next - buffer);
                row++;
            }
        }

        if (_position == 0 && row < size)
            Grow();
    }

    private void Grow()
    {
        var larger = ArrayPool<byte>.Shared.Rent(checked(_buffer.Length * 2));
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }

    private void Attach(DataChunk chunk)
    {
        for (var i = 0; i < _columns.Length; i++)
            _cursors[i] = new Cursor(new VectorCursor(chunk[_columns[i].Source]), _columns[i].Encoding);
    }

    /// <summary>The end of the row, or null when it does not fit.</summary>
    private byte* EncodeRow(byte* target, byte* end, int row)
    {
        if (end - target < _fixedRowBytes)
            return null;

        var spare = (int)(end - target) - _fixedRowBytes;
        target = WriteShort(target, _columns.Length + (Ordinal is null ? 0 : 1));
        if (Ordinal is { } ordinal)
            target = WriteInt(WriteInt(target, 4), ordinal);

        for (var i = 0; i < _cursors.Length; i++)
        {
            ref var cursor = ref _cursors[i];
            if (cursor.Cells.IsNull(row))
            {
                target = WriteInt(target, -1);
            }
            else if (cursor.Encoding is CellEncoding.Text or CellEncoding.Jsonb or CellEncoding.Bytea)
            {
                target = WriteBytes(target, ref cursor, i, row, ref spare);
                if (target is null)
                    return null;
            }
            else
            {
                target = WriteFixed(target, ref cursor, i, row);
            }
        }

        if (Ordinal is not null)
            Ordinal++;

        return target;
    }

    private byte* WriteBytes(byte* target, ref Cursor cursor, int column, int row, ref int spare)
    {
        // SAFETY: the chunk is alive while its batch is being written, and the row lies within it.
        var bytes = cursor.Cells.Bytes(row);
        var version = cursor.Encoding == CellEncoding.Jsonb ? 1 : 0;
        spare -= bytes.Length + version;
        if (spare < 0)
            return null;

        if (cursor.Encoding != CellEncoding.Bytea && bytes.Contains((byte)0))
            throw Rejected(column, "text with the character NUL, which PostgreSQL cannot store");

        target = WriteInt(target, bytes.Length + version);
        if (version == 1)
            *target++ = 1;

        bytes.CopyTo(new Span<byte>(target, bytes.Length));
        return target + bytes.Length;
    }

    private byte* WriteFixed(byte* target, ref Cursor cursor, int column, int row)
    {
        switch (cursor.Encoding)
        {
            case CellEncoding.Boolean:
                target = WriteInt(target, 1);
                *target = cursor.Cells.Data[row] != 0 ? (byte)1 : (byte)0;
                return target + 1;
            case CellEncoding.Int2:
                return WriteShort(WriteInt(target, 2), (int)cursor.Cells.Integer(row));
            case CellEncoding.Int4:
                return WriteInt(WriteInt(target, 4), (int)cursor.Cells.Integer(row));
            case CellEncoding.Int8:
                return WriteLong(WriteInt(target, 8), cursor.Cells.Integer(row));
            case CellEncoding.Float4:
                return WriteInt(WriteInt(target, 4), ((int*)cursor.Cells.Data)[row]);
            case CellEncoding.Float8:
                return WriteLong(WriteInt(target, 8), ((long*)cursor.Cells.Data)[row]);
            case CellEncoding.FloatAsFloat8:
                return WriteLong(WriteInt(target, 8), BitConverter.DoubleToInt64Bits(((float*)cursor.Cells.Data)[row]));
            case CellEncoding.Numeric:
                var bytes = NumericFormat.Write(target + 4, cursor.Cells.Huge(row), cursor.Cells.Scale);
                return WriteInt(target, bytes) + bytes;
            case CellEncoding.Uuid:
                // The cell's top bit is flipped; the upper half is the second word of a little-endian Int128.
                var words = (ulong*)cursor.Cells.Data + 2 * row;
                target = WriteLong(WriteInt(target, 16), (long)(words[1] ^ 0x8000_0000_0000_0000));
                return WriteLong(target, (long)words[0]);
            case CellEncoding.Interval:
                ref var interval = ref ((DuckDbInterval*)cursor.Cells.Data)[row];
                return WriteInt(WriteInt(WriteLong(WriteInt(target, 16), interval.Micros), interval.Days), interval.Months);
            case CellEncoding.Date:
                return WriteInt(WriteInt(target, 4), Days(((int*)cursor.Cells.Data)[row], column));
            case CellEncoding.Time:
                return WriteLong(WriteInt(target, 8), ((long*)cursor.Cells.Data)[row]);
            default:
                return WriteLong(WriteInt(target, 8), Micros(((long*)cursor.Cells.Data)[row], column));
        }
    }

    /// <summary>Days since 2000-01-01; PostgreSQL checks its own range and has other numbers for the infinities.</summary>
    private int Days(int days, int column) => days switch
    {
        int.MaxValue => int.MaxValue,
        -int.MaxValue => int.MinValue,
        _ when days - EpochDays > int.MinValue => (int)(days - EpochDays),
        _ => throw Rejected(column, "a date before PostgreSQL's first"),
    };

    private long Micros(long micros, int column) => micros switch
    {
        long.MaxValue => long.MaxValue,
        -long.MaxValue => long.MinValue,
        > long.MinValue + EpochMicros => micros - EpochMicros,
        _ => throw Rejected(column, "a timestamp before PostgreSQL's first"),
    };

    private TidemillException Rejected(int column, string what) =>
        new(ErrorCode.RowRejected, $"Column {_columns[column].Name}: a row holds {what}.");

    private static byte* WriteShort(byte* target, int value)
    {
        Unsafe.WriteUnaligned(target, ReverseEndianness((short)value));
        return target + 2;
    }

    private static byte* WriteInt(byte* target, int value)
    {
        Unsafe.WriteUnaligned(target, ReverseEndianness(value));
        return target + 4;
    }

    private static byte* WriteLong(byte* target, long value)
    {
        Unsafe.WriteUnaligned(target, ReverseEndianness(value));
        return target + 8;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private readonly struct Cursor(VectorCursor cells, CellEncoding encoding)
    {
        public readonly VectorCursor Cells = cells;
        public readonly CellEncoding Encoding = encoding;
    }
}
