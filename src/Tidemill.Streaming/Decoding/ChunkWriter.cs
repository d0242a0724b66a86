using System.Runtime.CompilerServices;
using Tidemill.Core.Batches;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;
using Tidemill.DuckDb;

namespace Tidemill.Streaming.Decoding;

/// <summary>
/// Fills one data chunk row by row. Texts of more than 12 bytes lie in memory that this writer owns, so cells are valid
/// until <see cref="Reset"/> or <see cref="Dispose"/>, whatever the chunk's own lifetime. One thread at a time.
/// </summary>
public sealed unsafe class ChunkWriter : IDisposable
{
    private const long KeptTextBytes = 256 << 10;

    private readonly Column[] _columns;

    internal ChunkWriter(Schema schema)
    {
        Chunk = DataChunk.Create(schema.ToLogical());
        _columns = new Column[schema.Fields.Count];
        Locate();
    }

    public DataChunk Chunk { get; }

    /// <summary>Rows written; the chunk's own size follows on <see cref="Finish"/>.</summary>
    public int Rows { get; private set; }

    public bool IsFull => Rows == DataChunk.Capacity;

    /// <summary>Partition that the next records come from.</summary>
    public TopicPartition Partition { get; private set; }

    internal TextArena Texts { get; } = new();

    /// <summary>Apart from <see cref="Texts"/>, because it grows while other texts of the row are written.</summary>
    internal TextArena Extras { get; } = new();

    internal byte* TopicText { get; private set; }

    internal int TopicLength { get; private set; }

    /// <summary>Names the partition of the records that follow.</summary>
    public void Enter(TopicPartition partition)
    {
        if (TopicText == null || !string.Equals(Partition.Topic, partition.Topic, StringComparison.Ordinal))
        {
            var bytes = System.Text.Encoding.UTF8.GetBytes(partition.Topic);
            TopicText = Copy(bytes);
            TopicLength = bytes.Length;
        }

        Partition = partition;
    }

    /// <summary>Tells the chunk how many rows it has.</summary>
    public void Finish() => Chunk.Size = Rows;

    /// <summary>Empties chunk and texts for new rows. Nothing may read them any more.</summary>
    public void Reset()
    {
        Chunk.Reset();
        Rows = 0;
        TopicText = null;
        Texts.Reset(KeptTextBytes);
        Extras.Reset(KeptTextBytes);
        Locate();
    }

    public void Dispose()
    {
        Chunk.Dispose();
        Texts.Dispose();
        Extras.Dispose();
    }

    /// <summary>The cells of a column, in DuckDB's physical type.</summary>
    // SAFETY: the chunk's vectors keep their memory until Reset or Dispose, and Reset locates it anew.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal T* Cells<T>(int column) where T : unmanaged => (T*)_columns[column].Cells;

    internal void SetNull(int column)
    {
        ref var target = ref _columns[column];
        if (target.Validity == null)
            target.Validity = (ulong*)Unsafe.AsPointer(ref Chunk[column].ValidityWritable()[0]);

        target.Validity[Rows >> 6] &= ~(1UL << (Rows & 63));
    }

    /// <summary>Copies text into the row's cell.</summary>
    internal void SetText(int column, ReadOnlySpan<byte> text)
    {
        fixed (byte* source = text)
            SetText(column, source, text.Length);
    }

    /// <summary>Copies text into the row's cell; its bytes are not used after the call.</summary>
    internal void SetText(int column, byte* text, int length)
    {
        if (length > DuckDbString.InlineLength)
        {
            var copy = Texts.Reserve(length);
            Unsafe.CopyBlockUnaligned(copy, text, (uint)length);
            Texts.Take(length);
            text = copy;
        }

        PointAt(column, text, length);
    }

    /// <summary>Lets the row's cell hold text that lives as long as this writer's rows; short text is copied.</summary>
    internal void PointAt(int column, byte* text, int length) =>
        TextCell.Write((byte*)_columns[column].Cells + (Rows * TextCell.Size), text, length);

    internal void Advance() => Rows++;

    /// <summary>Forgets what a rejected record set to NULL in the row that the next one takes.</summary>
    internal void Abandon()
    {
        foreach (ref var column in _columns.AsSpan())
        {
            if (column.Validity != null)
                column.Validity[Rows >> 6] |= 1UL << (Rows & 63);
        }
    }

    private byte* Copy(ReadOnlySpan<byte> bytes)
    {
        var copy = Texts.Reserve(bytes.Length);
        bytes.CopyTo(new Span<byte>(copy, bytes.Length));
        Texts.Take(bytes.Length);
        return copy;
    }

    private void Locate()
    {
        for (var i = 0; i < _columns.Length; i++)
            _columns[i] = new Column { Cells = Start(Chunk[i]) };
    }

    // SAFETY: the span covers native memory of the vector, which does not move.
    private static void* Start(Vector vector) => PhysicalBytes(vector.Type) switch
    {
        1 => Unsafe.AsPointer(ref vector.Data<byte>()[0]),
        2 => Unsafe.AsPointer(ref vector.Data<short>()[0]),
        4 => Unsafe.AsPointer(ref vector.Data<int>()[0]),
        8 => Unsafe.AsPointer(ref vector.Data<long>()[0]),
        _ => Unsafe.AsPointer(ref vector.Data<Int128>()[0]),
    };

    internal static int PhysicalBytes(LogicalType type) => type.TypeId switch
    {
        DuckDbTypeId.Boolean or DuckDbTypeId.TinyInt or DuckDbTypeId.UTinyInt => 1,
        DuckDbTypeId.SmallInt or DuckDbTypeId.USmallInt => 2,
        DuckDbTypeId.Integer or DuckDbTypeId.UInteger or DuckDbTypeId.Float or DuckDbTypeId.Date => 4,
        DuckDbTypeId.BigInt or DuckDbTypeId.UBigInt or DuckDbTypeId.Double or DuckDbTypeId.Time
            or DuckDbTypeId.Timestamp or DuckDbTypeId.TimestampTz => 8,
        DuckDbTypeId.Decimal => type.Width switch { <= 4 => 2, <= 9 => 4, <= 18 => 8, _ => 16 },
        _ => 16,
    };

    private struct Column
    {
        public void* Cells;
        public ulong* Validity;
    }
}
