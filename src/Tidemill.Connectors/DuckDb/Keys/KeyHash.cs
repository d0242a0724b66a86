using System.Buffers.Binary;
using System.IO.Hashing;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.DuckDb.Keys;

/// <summary>
/// 128 bits that stand for the key of a row. Two keys that DuckDB calls equal have the same; two that differ have different ones: always
/// where the key's columns have a fixed size and together at most 16 bytes (UUID, numbers, times), else but for one chance in 10^20
/// with a billion keys (XxHash128 with a seed of this process's own, so that nobody can prepare a collision).
/// </summary>
internal sealed unsafe class KeyHash
{
    private static readonly long Seed = Random.Shared.NextInt64();

    private readonly Cell[] _cells;
    private readonly bool _isExact;
    private byte[] _buffer = new byte[64];

    /// <param name="types">Types of the key's columns: those that a stream's fields may have.</param>
    public KeyHash(IReadOnlyList<LogicalType> types)
    {
        _cells = [.. types.Select(CellOf)];
        _isExact = _cells.All(cell => cell != Cell.Bytes) && _cells.Sum(Size) <= sizeof(UInt128);
    }

    /// <summary>Writes a hash for each row of the chunk; <paramref name="present"/> is false where the key has a NULL.</summary>
    /// <param name="columns">The key's columns in the chunk.</param>
    public void Compute(DataChunk chunk, ReadOnlySpan<int> columns, Span<UInt128> hashes, Span<bool> present)
    {
        var cursors = new VectorCursor[columns.Length];
        for (var i = 0; i < cursors.Length; i++)
            cursors[i] = new VectorCursor(chunk[columns[i]]);

        for (var row = 0; row < chunk.Size; row++)
        {
            present[row] = true;
            var length = 0;
            for (var i = 0; i < cursors.Length; i++)
            {
                present[row] &= !cursors[i].IsNull(row);
                if (present[row])
                    Append(cursors[i], _cells[i], row, ref length);
            }

            hashes[row] = !present[row] ? default : _isExact ? Exact(length) : XxHash128.HashToUInt128(_buffer.AsSpan(0, length), Seed);
        }
    }

    private UInt128 Exact(int length)
    {
        _buffer.AsSpan(length, sizeof(UInt128) - length).Clear();
        return BinaryPrimitives.ReadUInt128LittleEndian(_buffer);
    }

    private void Append(in VectorCursor cells, Cell cell, int row, ref int length)
    {
        var bytes = cell == Cell.Bytes ? cells.Bytes(row) : new ReadOnlySpan<byte>(cells.Data + ((long)row * Size(cell)), Size(cell));

        // Lengths keep ('a', 'bc') apart from ('ab', 'c').
        var needed = length + sizeof(int) + bytes.Length;
        if (needed > _buffer.Length)
            Array.Resize(ref _buffer, Math.Max(needed, _buffer.Length * 2));

        if (cell == Cell.Bytes)
        {
            BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(length), bytes.Length);
            length += sizeof(int);
        }

        bytes.CopyTo(_buffer.AsSpan(length));
        Canonicalize(cell, _buffer.AsSpan(length, bytes.Length));
        length += bytes.Length;
    }

    /// <summary>Gives values that are equal without being the same bytes one form.</summary>
    private static void Canonicalize(Cell cell, Span<byte> bytes)
    {
        switch (cell)
        {
            case Cell.Float when BinaryPrimitives.ReadSingleLittleEndian(bytes) is 0 or float.NaN:
                BinaryPrimitives.WriteSingleLittleEndian(bytes, BinaryPrimitives.ReadSingleLittleEndian(bytes) == 0 ? 0 : float.NaN);
                break;
            case Cell.Double when BinaryPrimitives.ReadDoubleLittleEndian(bytes) is 0 or double.NaN:
                BinaryPrimitives.WriteDoubleLittleEndian(bytes, BinaryPrimitives.ReadDoubleLittleEndian(bytes) == 0 ? 0 : double.NaN);
                break;
            case Cell.Interval:
                NormalizeInterval(bytes);
                break;
        }
    }

    /// <summary>
    /// <c>i32 months | i32 days | i64 microseconds</c>, carried over as DuckDB does before it compares: whole days of 24 hours, then whole
    /// months of 30 days. Source: interval_t::Normalize.
    /// </summary>
    private static void NormalizeInterval(Span<byte> bytes)
    {
        const long Day = 86_400_000_000;
        const int Month = 30;
        var micros = BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]);
        var days = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]) + (micros / Day);
        var months = BinaryPrimitives.ReadInt32LittleEndian(bytes) + (days / Month);
        BinaryPrimitives.WriteInt32LittleEndian(bytes, unchecked((int)months));
        BinaryPrimitives.WriteInt32LittleEndian(bytes[4..], (int)(days % Month));
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], micros % Day);
    }

    private static Cell CellOf(LogicalType type) => type.TypeId switch
    {
        DuckDbTypeId.Boolean or DuckDbTypeId.TinyInt or DuckDbTypeId.UTinyInt => Cell.One,
        DuckDbTypeId.SmallInt or DuckDbTypeId.USmallInt => Cell.Two,
        DuckDbTypeId.Integer or DuckDbTypeId.UInteger or DuckDbTypeId.Date => Cell.Four,
        DuckDbTypeId.BigInt
            or DuckDbTypeId.UBigInt or DuckDbTypeId.Time or DuckDbTypeId.Timestamp or DuckDbTypeId.TimestampTz => Cell.Eight,
        DuckDbTypeId.HugeInt or DuckDbTypeId.Uuid => Cell.Sixteen,
        DuckDbTypeId.Decimal => type.Width switch { <= 4 => Cell.Two, <= 9 => Cell.Four, <= 18 => Cell.Eight, _ => Cell.Sixteen },
        DuckDbTypeId.Float => Cell.Float,
        DuckDbTypeId.Double => Cell.Double,
        DuckDbTypeId.Interval => Cell.Interval,
        DuckDbTypeId.Varchar or DuckDbTypeId.Blob => Cell.Bytes,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "No stream's field has this type."),
    };

    private static int Size(Cell cell) => cell switch
    {
        Cell.One => 1,
        Cell.Two => 2,
        Cell.Four or Cell.Float => 4,
        Cell.Eight or Cell.Double => 8,
        _ => 16,
    };

    private enum Cell
    {
        One,
        Two,
        Four,
        Eight,
        Sixteen,
        Float,
        Double,
        Interval,
        Bytes,
    }
}
