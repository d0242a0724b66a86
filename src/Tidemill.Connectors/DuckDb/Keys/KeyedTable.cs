using Tidemill.Core.Batches;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.DuckDb.Keys;

/// <summary>What the key of a row is to a table.</summary>
internal enum KeyState : byte
{
    Known,
    New,

    /// <summary>It has a NULL, which equals nothing: never known, and not remembered.</summary>
    Null,
}

/// <summary>
/// The keys of one table, all that are committed and those of the transaction under way. Whoever changes the table holds it from
/// the first change to the end of the transaction; used by the holder only, but for <see cref="Bytes"/>.
/// </summary>
internal sealed class KeyedTable : IDisposable
{
    private readonly SemaphoreSlim _turn = new(0);
    private readonly List<UInt128> _added = [];
    private readonly UInt128[] _hashes = new UInt128[DataChunk.Capacity];
    private readonly bool[] _present = new bool[DataChunk.Capacity];
    private KeySet? _keys;
    private KeyHash? _hash;
    private string[] _columns = [];
    private LogicalType[] _types = [];

    /// <param name="name">The table.</param>
    /// <param name="earlier">Changes of it that began before; nobody enters until they have ended.</param>
    public KeyedTable(TableName name, Task earlier)
    {
        Name = name;
        _ = earlier.ContinueWith(_ => Leave(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    public TableName Name { get; }

    public long Bytes => Volatile.Read(ref _keys)?.Bytes ?? 0;

    /// <summary>Whether the transaction under way has new keys.</summary>
    public bool HasNew => _added.Count > 0;

    public bool TryEnter() => _turn.Wait(0);

    public Task<bool> EnterAsync(TimeSpan patience, CancellationToken cancellationToken) => _turn.WaitAsync(patience, cancellationToken);

    public void Leave() => _turn.Release();

    /// <summary>Whether the keys are known by these columns, compared as values of these types.</summary>
    public bool Knows(IReadOnlyList<string> columns, IReadOnlyList<LogicalType> types) => _keys is not null
        && _columns.SequenceEqual(columns, StringComparer.OrdinalIgnoreCase) && _types.SequenceEqual(types);

    /// <summary>Reads all committed keys, by a connection without a transaction. Of a billion that takes minutes; of a million half a second.</summary>
    /// <exception cref="TidemillException">SchemaConflict: rows of the table have equal keys.</exception>
    public void Load(DuckDbConnection connection, IReadOnlyList<string> columns, IReadOnlyList<LogicalType> types)
    {
        Forget();
        var hash = new KeyHash(types);
        var keys = new KeySet();
        try
        {
            // A stored value beyond the batch's type equals no value of a batch.
            var list = columns.Zip(types, (column, type) => $"TRY_CAST({SqlName.Quote(column)} AS {type})");
            Require(Read(connection, $"SELECT {string.Join(", ", list)} FROM {Name.Quoted}", hash, keys), columns);
            (_columns, _types, _hash) = ([.. columns], [.. types], hash);
            Volatile.Write(ref _keys, keys);
        }
        catch
        {
            keys.Dispose();
            throw;
        }
    }

    private void Require(bool unequal, IReadOnlyList<string> columns)
    {
        if (!unequal)
        {
            throw new TidemillException(ErrorCode.SchemaConflict,
                $"Table {Name}: rows have equal keys ({string.Join(", ", columns)}). Remove them, or declare another key.");
        }
    }

    /// <summary>Adds all keys; false where two are equal.</summary>
    private bool Read(DuckDbConnection connection, string sql, KeyHash hash, KeySet keys)
    {
        using var result = connection.Query(sql);
        var columns = Enumerable.Range(0, result.ColumnNames.Count).ToArray();
        while (result.Fetch() is { } chunk)
        {
            using (chunk)
            {
                hash.Compute(chunk, columns, _hashes, _present);
                for (var row = 0; row < chunk.Size; row++)
                {
                    if (_present[row] && !keys.Add(_hashes[row]))
                    {
                        return false;
                    }
                }
            }
        }

        return true;
    }

    /// <summary>Says of each row, in row order, what its key is, and remembers the new ones; of equal keys the first is new.</summary>
    public KeyState[] TakeNew(Batch rows, ReadOnlySpan<int> columns)
    {
        var states = new KeyState[rows.RowCount];
        var first = 0;
        foreach (var chunk in rows.Chunks)
        {
            _hash!.Compute(chunk, columns, _hashes, _present);
            for (var row = 0; row < chunk.Size; row++)
            {
                states[first + row] = !_present[row] ? KeyState.Null : Take(_hashes[row]) ? KeyState.New : KeyState.Known;
            }

            first += chunk.Size;
        }

        return states;
    }

    /// <summary>The transaction was committed.</summary>
    public void Keep() => _added.Clear();

    /// <summary>The transaction was given up: its keys are not there.</summary>
    public void GiveUp()
    {
        foreach (var key in _added)
        {
            _keys!.Remove(key);
        }

        _added.Clear();
    }

    /// <summary>Whatever is in the table: it is read again when it is needed.</summary>
    public void Forget()
    {
        _added.Clear();
        _keys?.Dispose();
        Volatile.Write(ref _keys, null);
    }

    public void Dispose()
    {
        Forget();
        _turn.Dispose();
    }

    private bool Take(UInt128 key)
    {
        if (!_keys!.Add(key))
        {
            return false;
        }

        _added.Add(key);
        return true;
    }
}
