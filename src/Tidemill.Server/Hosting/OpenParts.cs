namespace Tidemill.Server.Hosting;

/// <summary>What a project has open. Disposing closes all of it, the last opened first, whatever one of them throws.</summary>
internal sealed class OpenParts : IAsyncDisposable
{
    private readonly Stack<object> _parts = new();

    /// <summary>Closes the part with the others; returns it.</summary>
    public T Add<T>(T part)
        where T : IAsyncDisposable
    {
        _parts.Push(part);
        return part;
    }

    /// <summary>Closes the lock with the parts: behind those that are opened under it.</summary>
    public void Add(DataFolderLock folder) => _parts.Push(folder);

    /// <summary>Throws what the first failing part threw, once all are closed.</summary>
    public async ValueTask DisposeAsync()
    {
        Exception? first = null;
        while (_parts.TryPop(out var part))
        {
            try
            {
                if (part is IAsyncDisposable open)
                    await open.DisposeAsync();
                else
                    ((IDisposable)part).Dispose();
            }
            catch (Exception error)
            {
                first ??= error;
            }
        }

        if (first is not null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(first);
    }
}
