using System.Collections.Immutable;
using Tidemill.DuckDb.Handles;
using Tidemill.DuckDb.Native;

namespace Tidemill.DuckDb;

/// <summary>
/// Up to 2048 rows in columns, in DuckDB's own memory format. The caller owns it and disposes it. One thread at a time
/// writes; while a query scans it, nobody writes, resets or disposes it (a scan holds the memory, not its content).
/// </summary>
public sealed unsafe class DataChunk : IDisposable
{
    /// <summary>Rows that fit: DuckDB's standard vector size.</summary>
    public const int Capacity = 2048;

    private readonly DataChunkHandle _handle;
    private readonly nint _chunk;
    private readonly ImmutableArray<LogicalType> _types;
    private readonly nint[] _vectors;

    internal DataChunk(DataChunkHandle handle, ImmutableArray<LogicalType> types)
    {
        _handle = handle;
        _chunk = handle.DangerousGetHandle();
        _types = types;
        _vectors = new nint[types.Length];
        for (var i = 0; i < _vectors.Length; i++) _vectors[i] = DuckDbApi.duckdb_data_chunk_get_vector(_chunk, (ulong)i);
    }

    /// <summary>An empty chunk of these column types.</summary>
    public static DataChunk Create(params ReadOnlySpan<LogicalType> types) => Create(ImmutableArray.Create(types));

    /// <summary>An empty chunk that shares the list of types.</summary>
    public static DataChunk Create(ImmutableArray<LogicalType> types)
    {
        if (types.IsDefaultOrEmpty) throw new ArgumentException("A chunk has at least one column.", nameof(types));
        var natives = new List<LogicalTypeHandle>(types.Length);
        try
        {
            foreach (var type in types) natives.Add(type.ToNative());
            var pointers = natives.ConvertAll(native => native.Value).ToArray();
            // SAFETY: pinned and alive during the call; DuckDB copies the types.
            fixed (nint* pointer = pointers)
            {
                var handle = DuckDbApi.duckdb_create_data_chunk(pointer, (ulong)pointers.Length);
                return handle.IsInvalid
                    ? throw new NotSupportedException($"DuckDB cannot hold a chunk of {string.Join(", ", types)}.")
                    : new(handle, types);
            }
        }
        finally
        {
            foreach (var native in natives) native.Dispose();
        }
    }

    public ImmutableArray<LogicalType> Types => _types;

    public int ColumnCount => _vectors.Length;

    /// <summary>Rows in use. Setting it does not touch the cells.</summary>
    public int Size
    {
        get => (int)DuckDbApi.duckdb_data_chunk_get_size(Live);
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, Capacity);
            DuckDbApi.duckdb_data_chunk_set_size(Live, (ulong)value);
        }
    }

    public Vector this[int column]
    {
        get
        {
            _ = Live;
            return new(_vectors[column], _types[column], Capacity);
        }
    }

    /// <summary>Empties the chunk for new rows: size 0, no NULLs, long strings and list elements freed.</summary>
    public void Reset() => DuckDbApi.duckdb_data_chunk_reset(_handle);

    internal DataChunkHandle Handle => _handle;

    internal ReadOnlySpan<nint> Vectors => _vectors;

    private nint Live
    {
        get
        {
            ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
            return _chunk;
        }
    }

    public void Dispose() => _handle.Dispose();
}
