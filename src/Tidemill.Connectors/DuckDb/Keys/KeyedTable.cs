using System.Diagnostics.CodeAnalysis;
using Tidemill.Core.Errors;
using Tidemill.Core.Schemas;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.DuckDb.Keys;

/// <summary>
/// The keys of one table, all that are committed and those of the transaction under way. Whoever changes the table holds it from
/// the first change to the end of the transaction; used by the holder only, but for <see cref="Bytes"/>.
/// </summary>
[SuppressMessage(
    "Reliability", "CA2213", Justification = "A semaphore without a wait handle holds nothing, and its holder may outlive the table.")]
internal sealed class KeyedTable : IDisposable
{
    /// <summary>Longer than a batch's transaction; two that wait for each other end by it.</summary>
    private static readonly TimeSpan LockTimeout = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _turn = new(0);
    private readonly List<UInt128> _added = [];
    private long _expectedBytes;
    private volatile bool _disposed;
    private KeySet? _keys;
    private KeyHash? _hash;
    private string[] _columns = [];
    private LogicalType[] _types = [];
    private HashSet<string> _stored = [];

    /// <param name="name">The table.</param>
    /// <param name="earlier">Changes of it that began before; nobody enters until they have ended.</param>
    public KeyedTable(TableName name, Task earlier)
    {
        Name = name;
        _ = earlier.ContinueWith(_ => Leave(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    public TableName Name { get; }

    /// <summary>What the keys take, or will take once they are read.</summary>
    public long Bytes => Volatile.Read(ref _keys)?.Bytes ?? Volatile.Read(ref _expectedBytes);

    /// <summary>How the known keys are told from each other.</summary>
    public KeyHash Hash => _hash!;

    /// <summary>How many keys there are.</summary>
    public long Count => _keys!.Count;

    /// <summary>Whether rows of this schema have all columns that the table has, so that one replaces a stored row whole.</summary>
    public bool IsReplacedBy(Schema rows) => _stored.SetEquals(rows.Fields.Select(field => field.Name));

    /// <summary>Whether the transaction under way has new keys.</summary>
    public bool HasNew => _added.Count > 0;

    public bool TryEnter() => _turn.Wait(0);

    /// <exception cref="TidemillException">TransactionConflict: others hold the table for a minute.</exception>
    public async Task EnterAsync(CancellationToken cancellationToken)
    {
        if (!await _turn.WaitAsync(LockTimeout, cancellationToken))
        {
            throw new TidemillException(
                ErrorCode.TransactionConflict, $"Table {Name} is being changed by another transaction, for a minute now.");
        }
    }

    public void Leave()
    {
        if (_disposed)
            Forget();

        _turn.Release();
    }

    /// <summary>Whether the keys are known by these columns, compared as values of these types.</summary>
    public bool Knows(IReadOnlyList<string> columns, IReadOnlyList<LogicalType> types) => _keys is not null
        && _columns.SequenceEqual(columns, StringComparer.OrdinalIgnoreCase) && _types.SequenceEqual(types);

    /// <summary>Reads all committed keys, by a connection without a transaction; of a million that takes about half a second.</summary>
    /// <param name="connection">Of another session than the holder's.</param>
    /// <param name="columns">The key's columns.</param>
    /// <param name="types">Their types in the batches to come.</param>
    /// <param name="check">Called when <see cref="Bytes"/> is what the keys will take; throws when that is too much.</param>
    /// <exception cref="TidemillException">SchemaConflict: rows of the table have equal keys.</exception>
    public void Load(DuckDbConnection connection, IReadOnlyList<string> columns, IReadOnlyList<LogicalType> types, Action check)
    {
        Forget();
        var hash = new KeyHash(types);
        var keys = new KeySet();
        try
        {
            Volatile.Write(ref _expectedBytes, Rows(connection) * KeySet.KeyBytes);
            check();
            Require(Read(connection, KeysSql(connection, columns, types), hash, keys), columns);
            (_columns, _types, _hash) = ([.. columns], [.. types], hash);
            _stored = Columns(connection);
            Volatile.Write(ref _keys, keys);
        }
        catch
        {
            keys.Dispose();
            throw;
        }
        finally
        {
            Volatile.Write(ref _expectedBytes, 0);
        }
    }

    private HashSet<string> Columns(DuckDbConnection connection)
    {
        using var all = connection.Prepare($"SELECT * FROM {Name.Quoted}");
        return new(all.ColumnNames, StringComparer.OrdinalIgnoreCase);
    }

    private long Rows(DuckDbConnection connection)
    {
        using var result = connection.Query($"SELECT count(*) FROM {Name.Quoted}");
        using var row = result.Fetch()!;
        return row[0].Data<long>()[0];
    }

    /// <summary>A stored value that the batch's type does not hold exactly equals no value of a batch.</summary>
    private string KeysSql(DuckDbConnection connection, IReadOnlyList<string> columns, IReadOnlyList<LogicalType> types)
    {
        using var stored = connection.Prepare($"SELECT {SqlName.List(columns)} FROM {Name.Quoted}");
        var keys = columns.Select((column, i) =>
        {
            var (name, type) = (SqlName.Quote(column), stored.ColumnTypes[i]);
            return type == types[i] ? name
                : $"CASE WHEN TRY_CAST(TRY_CAST({name} AS {types[i]}) AS {type}) IS NOT DISTINCT FROM {name} THEN TRY_CAST({name} AS "
                + $"{types[i]}) END";
        });
        return $"SELECT {string.Join(", ", keys)} FROM {Name.Quoted}";
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
    private static bool Read(DuckDbConnection connection, string sql, KeyHash hash, KeySet keys)
    {
        using var result = connection.Query(sql);
        var columns = Enumerable.Range(0, result.ColumnNames.Count).ToArray();
        var (hashes, present) = (new UInt128[DataChunk.Capacity], new bool[DataChunk.Capacity]);
        while (result.Fetch() is { } chunk)
        {
            using (chunk)
            {
                hash.Compute(chunk, columns, hashes, present);
                for (var row = 0; row < chunk.Size; row++)
                {
                    if (present[row] && !keys.Add(hashes[row]))
                        return false;
                }
            }
        }

        return true;
    }

    /// <summary>True where the key is new, which it is to be from now on; its transaction has it.</summary>
    public bool Take(UInt128 key)
    {
        if (!_keys!.Add(key))
            return false;

        _added.Add(key);
        return true;
    }

    /// <summary>The transaction was committed.</summary>
    public void Commit() => _added.Clear();

    /// <summary>The transaction was given up: its keys are not there.</summary>
    public void Rollback()
    {
        foreach (var key in _added)
            _keys!.Remove(key);

        _added.Clear();
    }

    /// <summary>Whatever is in the table: it is read again when it is needed.</summary>
    public void Forget()
    {
        _added.Clear();
        _keys?.Dispose();
        Volatile.Write(ref _keys, null);
    }

    /// <summary>Frees the keys, now or when their holder leaves.</summary>
    public void Dispose()
    {
        _disposed = true;
        if (TryEnter())
            Leave();
    }
}
