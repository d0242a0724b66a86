using System.Numerics;
using System.Text;
using Tidemill.DuckDb.Native;

namespace Tidemill.DuckDb;

/// <summary>
/// One column of a <see cref="DataChunk"/>, or a child of a nested one: typed cells and a NULL mask in DuckDB's
/// memory. Valid until its chunk is reset or disposed; one thread at a time. Row numbers are not checked except
/// through the spans.
/// </summary>
public readonly unsafe partial struct Vector
{
    private readonly nint _handle;

    internal Vector(nint handle, LogicalType type, int capacity)
    {
        _handle = handle;
        Type = type;
        Capacity = capacity;
    }

    public LogicalType Type { get; }

    public DuckDbTypeId TypeId => Type.TypeId;

    /// <summary>Cells that fit: 2048 in a chunk, for a list's child what was reserved.</summary>
    public int Capacity { get; }

    internal nint Handle => _handle;

    /// <summary>
    /// The cells as they lie in memory: <typeparamref name="T"/> has the size of DuckDB's physical type, for example
    /// long for BIGINT and TIMESTAMP, int for DATE, Int128 for HUGEINT, UUID (see <see cref="DuckDbUuid"/>) and wide
    /// DECIMAL, <see cref="DuckDbString"/> for VARCHAR, <see cref="ListEntry"/> for LIST.
    /// </summary>
    /// <exception cref="InvalidOperationException">The size differs from the type's.</exception>
    public Span<T> Data<T>() where T : unmanaged
    {
        var size = PhysicalSize.Of(Type);
        if (size != sizeof(T)) ThrowWrongSize(typeof(T).Name, size);
        // SAFETY: DuckDB allocated Capacity cells of that size; they live as long as the chunk.
        return new(DuckDbApi.duckdb_vector_get_data(_handle), Capacity);
    }

    private void ThrowWrongSize(string name, int size) => throw new InvalidOperationException(
        size == 0
            ? $"A {Type} vector has no cells of its own, only children."
            : $"A cell of {Type} has {size} bytes; {name} differs.");

    /// <summary>False means that no row is NULL; true that some may be.</summary>
    public bool HasNulls => DuckDbApi.duckdb_vector_get_validity(_handle) is not null;

    /// <summary>The NULL mask, bit = 1 for a value, 64 rows a word; empty when no row is NULL.</summary>
    public ReadOnlySpan<ulong> Validity
    {
        get
        {
            var mask = DuckDbApi.duckdb_vector_get_validity(_handle);
            // SAFETY: a mask has a bit for each cell and lives as long as the chunk.
            return mask is null ? default : new(mask, (Capacity + 63) / 64);
        }
    }

    /// <summary>The NULL mask for writing; made (all values valid) where there is none.</summary>
    public Span<ulong> ValidityWritable()
    {
        var mask = DuckDbApi.duckdb_vector_get_validity(_handle);
        if (mask is null)
        {
            DuckDbApi.duckdb_vector_ensure_validity_writable(_handle);
            mask = DuckDbApi.duckdb_vector_get_validity(_handle);
        }
        // SAFETY: a mask has a bit for each cell and lives as long as the chunk.
        return new(mask, (Capacity + 63) / 64);
    }

    public bool IsNull(int row)
    {
        var mask = DuckDbApi.duckdb_vector_get_validity(_handle);
        return mask is not null && (mask[row >> 6] & (1UL << (row & 63))) == 0;
    }

    /// <summary>Makes the row NULL; of a STRUCT, UNION or ARRAY its children too, as DuckDB expects.</summary>
    public void SetNull(int row)
    {
        ValidityWritable()[row >> 6] &= ~(1UL << (row & 63));
        if (TypeId is DuckDbTypeId.Struct or DuckDbTypeId.Union)
        {
            if (TypeId == DuckDbTypeId.Union) UnionTags().SetNull(row);
            for (var i = 0; i < Type.Fields.Length; i++) StructChild(i).SetNull(row);
        }
        else if (TypeId == DuckDbTypeId.Array)
        {
            var child = ArrayChild();
            for (var i = 0; i < Type.ArraySize; i++) child.SetNull(row * Type.ArraySize + i);
        }
        else if (TypeId is DuckDbTypeId.List or DuckDbTypeId.Map)
        {
            Data<ListEntry>()[row] = default;
        }
    }

    public void SetValid(int row)
    {
        if (HasNulls) ValidityWritable()[row >> 6] |= 1UL << (row & 63);
    }

    /// <summary>The bytes of a VARCHAR cell, UTF-8; valid until the chunk is reset or disposed.</summary>
    public ReadOnlySpan<byte> GetUtf8(int row) => GetBytes(row);

    /// <summary>The bytes of a VARCHAR, BLOB, BIT or GEOMETRY cell; valid until the chunk is reset or disposed.</summary>
    public ReadOnlySpan<byte> GetBytes(int row) => DuckDbString.Bytes(ref Data<DuckDbString>()[row]);

    public string GetString(int row) => Encoding.UTF8.GetString(GetUtf8(row));

    /// <summary>Copies valid UTF-8 into the cell. DuckDB does not check it again: the caller vouches for it.</summary>
    public void SetUtf8(int row, ReadOnlySpan<byte> text) => SetBytes(row, text);

    /// <summary>Copies bytes into a BLOB cell (or VARCHAR, then of valid UTF-8).</summary>
    public void SetBytes(int row, ReadOnlySpan<byte> bytes)
    {
        var cells = Data<DuckDbString>();
        if (bytes.Length <= DuckDbString.InlineLength)
        {
            cells[row] = DuckDbString.Inline(bytes);
            return;
        }
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)cells.Length, nameof(row));
        // SAFETY: pinned during the call; DuckDB copies the bytes into the vector's heap.
        fixed (byte* text = bytes)
            DuckDbApi.duckdb_unsafe_vector_assign_string_element_len(_handle, (ulong)row, text, (ulong)bytes.Length);
    }

    public void SetString(int row, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var length = Encoding.UTF8.GetByteCount(text);
        Span<byte> buffer = length <= 512 ? stackalloc byte[512] : new byte[length];
        SetBytes(row, buffer[..Encoding.UTF8.GetBytes(text, buffer)]);
    }

    /// <summary>
    /// Lets the cell point at <paramref name="length"/> bytes of valid UTF-8 without copying them. The memory must be
    /// unmanaged or pinned and stay unchanged until the chunk is reset or disposed and no query reads it any more.
    /// </summary>
    public void SetBorrowed(int row, byte* text, int length) => Data<DuckDbString>()[row] =
        length <= DuckDbString.InlineLength ? DuckDbString.Inline(new(text, length)) : DuckDbString.Pointing(text, length);

    /// <summary>Cells of the child of a LIST or MAP in use by all rows together.</summary>
    public int ListSize => (int)DuckDbApi.duckdb_list_vector_get_size(_handle);

    /// <summary>
    /// The elements of a LIST, or for a MAP its entries as STRUCT(key, value). Rows point into it by
    /// <see cref="ListEntry"/>. Fetch it again after <see cref="ReserveList"/>.
    /// </summary>
    public Vector ListChild() =>
        new(DuckDbApi.duckdb_list_vector_get_child(_handle), ListChildType, ListSize);

    /// <summary>Makes room for <paramref name="size"/> elements in all and counts them as used.</summary>
    public Vector ReserveList(int size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        var capacity = Math.Max(DataChunk.Capacity, (long)BitOperations.RoundUpToPowerOf2((uint)size));
        _ = DuckDbApi.duckdb_list_vector_reserve(_handle, (ulong)capacity);
        _ = DuckDbApi.duckdb_list_vector_set_size(_handle, (ulong)size);
        return ListChild();
    }

    private LogicalType ListChildType => TypeId == DuckDbTypeId.Map ? Type.MapEntry : Type.Element;

    /// <summary>The elements of an ARRAY: those of row r start at r * ArraySize.</summary>
    public Vector ArrayChild() => TypeId == DuckDbTypeId.Array
        ? new(DuckDbApi.duckdb_array_vector_get_child(_handle), Type.Element, Capacity * Type.ArraySize)
        : throw new InvalidOperationException($"{Type} is no ARRAY.");

    /// <summary>A field of a STRUCT, or a member of a UNION; rows are numbered as in this vector.</summary>
    public Vector StructChild(int field)
    {
        var member = Type.Fields[field];
        if (TypeId is not (DuckDbTypeId.Struct or DuckDbTypeId.Union))
            throw new InvalidOperationException($"{Type} has no fields.");
        // Child 0 of a UNION is its tag.
        var index = TypeId == DuckDbTypeId.Union ? field + 1 : field;
        return new(DuckDbApi.duckdb_struct_vector_get_child(_handle, (ulong)index), member.Type, Capacity);
    }

    /// <summary>Which member each row of a UNION holds, as UTINYINT.</summary>
    public Vector UnionTags() => TypeId == DuckDbTypeId.Union
        ? new(DuckDbApi.duckdb_struct_vector_get_child(_handle, 0), LogicalType.UTinyInt, Capacity)
        : throw new InvalidOperationException($"{Type} is no UNION.");
}
