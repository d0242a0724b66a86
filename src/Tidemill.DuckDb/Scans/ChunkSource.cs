using System.Collections.Immutable;

namespace Tidemill.DuckDb;

/// <summary>
/// Chunks of ours that SQL reads in place, without a copy, as <c>tidemill_scan(Id)</c> once registered by
/// <see cref="DuckDbDatabase.Register"/>.
/// <para>
/// Columns are fixed; the chunks are set before each execution, also of a prepared statement. A query sees the
/// chunks set when it starts. Until its result is drained or disposed, they must not be written or reset.
/// </para>
/// <para>
/// Order: DuckDB reads chunks on several threads when the plan allows it. While its setting preserve_insertion_order
/// is true (the default), INSERT ... SELECT and plain SELECT keep the order of rows, at the price of one thread for
/// such a pipeline; aggregates and joins still run in parallel. With that setting false only a source made with
/// <c>ordered: true</c>, which one thread reads, keeps it.
/// </para>
/// </summary>
public sealed class ChunkSource
{
    private static long _lastId;
    private volatile ChosenChunk[] _chunks = [];

    /// <summary>A source without chunks.</summary>
    /// <param name="names">Column names, one for each type, no two the same.</param>
    /// <param name="types">Column types.</param>
    /// <param name="ordered">One thread reads, in order, whatever DuckDB's settings.</param>
    public ChunkSource(IReadOnlyList<string> names, IReadOnlyList<LogicalType> types, bool ordered = false)
    {
        ArgumentNullException.ThrowIfNull(names);
        ArgumentNullException.ThrowIfNull(types);
        if (names.Count != types.Count || names.Count == 0)
            throw new ArgumentException("A source has as many names as types, at least one.", nameof(names));
        foreach (var name in names) Native.NativeText.RejectNul(name, nameof(names));
        Names = [.. names];
        Types = [.. types];
        Ordered = ordered;
        Id = Interlocked.Increment(ref _lastId);
    }

    /// <summary>Unique in this process.</summary>
    public long Id { get; }

    public ImmutableArray<string> Names { get; }

    public ImmutableArray<LogicalType> Types { get; }

    public bool Ordered { get; }

    /// <summary>The source as a table expression: <c>tidemill_scan(7)</c>.</summary>
    public string Sql => $"{Scans.ScanFunction.Name}({Id})";

    internal ChosenChunk[] Chunks => _chunks;

    /// <summary>What queries that start from now on read. The caller keeps owning the chunks.</summary>
    /// <param name="chunks">All of one schema.</param>
    /// <param name="rows">For each chunk the numbers of the rows that are read, in their order, or null for all; null for all
    /// of all chunks.</param>
    /// <exception cref="ArgumentException">A chunk's column types differ from the source's, or rows are chosen that it has not,
    /// or more than it has.</exception>
    public void Set(IReadOnlyList<DataChunk> chunks, IReadOnlyList<uint[]?>? rows = null)
    {
        ArgumentNullException.ThrowIfNull(chunks);
        var copy = new ChosenChunk[chunks.Count];
        for (var i = 0; i < copy.Length; i++)
        {
            var chunk = chunks[i];
            // The native scan trusts these checks: a vector of another type would be read as raw memory, and so would a row beyond it.
            if (chunk.Types != Types && !chunk.Types.AsSpan().SequenceEqual(Types.AsSpan()))
                throw new ArgumentException($"Chunk {i} has the types {string.Join(", ", chunk.Types)}.", nameof(chunks));
            if (rows?[i] is { Length: > 0 } chosen
                && (chosen.Length > chunk.Size || chosen.AsSpan().ContainsAnyExceptInRange(0u, (uint)chunk.Size - 1)))
            {
                throw new ArgumentException($"Chunk {i} has {chunk.Size} rows.", nameof(rows));
            }

            copy[i] = new(chunk, rows?[i]);
        }
        _chunks = copy;
    }

    /// <summary>No chunks: queries read no rows.</summary>
    public void Clear() => _chunks = [];
}

/// <summary>A chunk, and the rows of it that are read; null for all.</summary>
internal readonly record struct ChosenChunk(DataChunk Chunk, uint[]? Rows);
