using Tidemill.DuckDb;

namespace Tidemill.Connectors.DuckDb;

/// <summary>
/// One DuckDB file of an embedded store. Calls take turns; DuckDB recovers the file, which is opened again when the engine breaks, as on a
/// full disk.
/// </summary>
internal sealed class StoreFile : IAsyncDisposable
{
    private const long MemoryLimit = 256_000_000;

    private readonly SemaphoreSlim _turn = new(1);
    private readonly DuckDbSessions _sessions;

    private StoreFile(DuckDbSessions sessions) => this._sessions = sessions;

    public string Path => _sessions.Description;

    /// <summary>
    /// Opens the file in the data folder, creating it when there is none, and runs <paramref name="schema"/>, which changes
    /// nothing on a file that has it. DataFolderLocked: another process has it open.
    /// </summary>
    /// <param name="dataFolder">Created when missing.</param>
    /// <param name="name">The file's.</param>
    /// <param name="schema">CREATE TABLE IF NOT EXISTS statements.</param>
    /// <param name="opened">Gets each engine that is opened, the first and those after failures.</param>
    /// <param name="cancellationToken">Ends the opening.</param>
    public static async Task<StoreFile> OpenAsync(
        string dataFolder, string name, string schema, Action<DuckDbDatabase> opened, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(dataFolder);
        var path = System.IO.Path.Combine(dataFolder, name);
        var memory = new DuckDbMemory(MemoryLimit);
        var file = new StoreFile(new DuckDbSessions(() => Open(path, memory, opened), memory, path));
        try
        {
            await file._sessions.RunAsync(DuckDbWork.Opening, connection => connection.Execute(schema), cancellationToken, _ => true);
            return file;
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    public async Task<T> TakeTurnAsync<T>(Func<DuckDbConnection, T> work, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            return await _sessions.RunAsync(DuckDbWork.Writing, work, cancellationToken, _ => true);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>The same, as one transaction: durable on return, or nothing of it. A failure drops the session, and with it the
    /// transaction.</summary>
    public Task<T> CommitAsync<T>(Func<DuckDbConnection, T> work, CancellationToken cancellationToken) => TakeTurnAsync(
        connection =>
        {
            _sessions.Memory.ThrowIfFull();
            connection.Begin();
            var result = work(connection);
            connection.Commit();
            return result;
        },
        cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _turn.WaitAsync();
        await Task.Run(_sessions.Dispose);
        _turn.Dispose();
    }

    private static DuckDbDatabase Open(string path, DuckDbMemory memory, Action<DuckDbDatabase> opened)
    {
        try
        {
            var database = memory.Open(path, new Dictionary<string, string> { ["threads"] = "2" });
            opened(database);
            return database;
        }
        catch (DuckDbException error)
        {
            throw DuckDbErrors.Map(error, DuckDbWork.Opening, path);
        }
    }
}
