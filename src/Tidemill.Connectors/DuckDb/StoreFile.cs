using Tidemill.DuckDb;

namespace Tidemill.Connectors.DuckDb;

/// <summary>One DuckDB file of an embedded store. Calls take turns on one connection; DuckDB recovers the file.</summary>
internal sealed class StoreFile : IAsyncDisposable
{
    private const long MemoryLimit = 256_000_000;

    private readonly SemaphoreSlim turn = new(1);
    private readonly DuckDbDatabase database;
    private readonly DuckDbConnection connection;
    private readonly DuckDbMemory memory;

    private StoreFile(DuckDbDatabase database, DuckDbMemory memory, string path)
    {
        this.database = database;
        connection = database.Connect();
        this.memory = memory;
        Path = path;
    }

    public string Path { get; }

    /// <summary>
    /// Opens the file in the data folder, creating it when there is none, and runs <paramref name="schema"/>, which changes
    /// nothing on a file that has it. DataFolderLocked: another process has it open.
    /// </summary>
    public static Task<StoreFile> OpenAsync(string dataFolder, string name, string schema, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            Directory.CreateDirectory(dataFolder);
            var path = System.IO.Path.Combine(dataFolder, name);
            DuckDbDatabase? database = null;
            try
            {
                var memory = new DuckDbMemory(MemoryLimit);
                database = memory.Open(path, new Dictionary<string, string> { ["threads"] = "2" });
                var file = new StoreFile(database, memory, path);
                file.connection.Execute(schema);
                return file;
            }
            catch (DuckDbException error)
            {
                database?.Dispose();
                throw DuckDbErrors.Map(error, DuckDbWork.Opening, path);
            }
        },
        cancellationToken);

    /// <summary>DuckDB calls block, so they run on the pool; one at a time, as a connection demands.</summary>
    public async Task<T> TakeTurnAsync<T>(Func<DuckDbConnection, T> work, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(
                () =>
                {
                    using var cancellation = connection.CancelWith(cancellationToken);
                    var result = work(connection);
                    memory.Follow(connection);
                    return result;
                },
                cancellationToken);
        }
        catch (DuckDbException error)
        {
            throw DuckDbErrors.Map(error, DuckDbWork.Writing, Path);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>The same, as one transaction: durable on return, or nothing of it.</summary>
    public Task<T> CommitAsync<T>(Func<DuckDbConnection, T> work, CancellationToken cancellationToken) => TakeTurnAsync(
        open =>
        {
            memory.ThrowIfFull();
            open.Begin();
            try
            {
                var result = work(open);
                open.Commit();
                return result;
            }
            catch
            {
                RollBack();
                throw;
            }
        },
        cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await turn.WaitAsync();
        connection.Dispose();
        database.Dispose();
        turn.Dispose();
    }

    /// <summary>The first error counts; a rollback that fails as well finds no transaction to end.</summary>
    private void RollBack()
    {
        using var uncancelled = connection.CancelWith(CancellationToken.None);
        try
        {
            connection.Rollback();
        }
        catch (DuckDbException)
        {
        }
    }
}
