namespace Tidemill.DuckDb;

/// <summary>A <see cref="ChunkSource"/> under a temporary view of one session; disposal drops both.</summary>
public sealed class ChunkScan : IDisposable
{
    private readonly DuckDbConnection _connection;

    internal ChunkScan(DuckDbConnection connection, string view, ChunkSource source)
    {
        _connection = connection;
        View = view;
        Source = connection.Database.Register(source);
        try
        {
            connection.CreateScanView(view, source);
        }
        catch
        {
            connection.Database.Unregister(source);
            throw;
        }
    }

    public string View { get; }

    public ChunkSource Source { get; }

    /// <inheritdoc cref="ChunkSource.Set"/>
    public void Set(IReadOnlyList<DataChunk> chunks) => Source.Set(chunks);

    public void Dispose()
    {
        Source.Clear();
        _connection.Database.Unregister(Source);
        if (!_connection.Handle.IsClosed) _connection.Execute($"DROP VIEW IF EXISTS temp.{SqlQuoting.Identifier(View)}");
    }
}
