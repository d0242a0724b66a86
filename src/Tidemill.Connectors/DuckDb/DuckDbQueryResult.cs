using System.Runtime.CompilerServices;
using Tidemill.Connectors.DuckDb.Keys;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.DuckDb;

/// <summary>A streamed result and the session that computes it; disposal gives the session back.</summary>
internal sealed class DuckDbQueryResult : IQueryResult
{
    private readonly DuckDbSessions _sessions;
    private readonly DuckDbSession _session;
    private readonly DuckDbResult _result;
    private readonly TableChange? _change;
    private bool _disposed;

    /// <param name="change">What the query changes, until it is disposed; null for one in a read-only transaction.</param>
    public DuckDbQueryResult(DuckDbSessions sessions, DuckDbSession session, DuckDbResult result, TableChange? change)
    {
        _sessions = sessions;
        _session = session;
        _result = result;
        session.Closing = result.Dispose;
        _change = change;
        Columns = [.. result.ColumnNames.Zip(result.ColumnTypes, (name, type) => new QueryColumn(name, type.ToString()))];
    }

    public IReadOnlyList<QueryColumn> Columns { get; }

    public async IAsyncEnumerable<object?[]> ReadRowsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await Task.Run(() => NextRows(cancellationToken), cancellationToken) is { } rows)
        {
            foreach (var row in rows)
                yield return row;
        }
    }

    private List<object?[]>? NextRows(CancellationToken cancellationToken) =>
        _sessions.Run(_session, DuckDbWork.Querying, _ =>
        {
            using var chunk = _result.Fetch();
            return chunk is null ? null : Rows(chunk);
        }, cancellationToken);

    private static List<object?[]> Rows(DataChunk chunk)
    {
        var rows = new List<object?[]>(chunk.Size);
        for (var row = 0; row < chunk.Size; row++)
        {
            var cells = new object?[chunk.ColumnCount];
            for (var column = 0; column < cells.Length; column++)
                cells[column] = DuckDbCells.Read(chunk[column], row);

            rows.Add(cells);
        }

        return rows;
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;

        _disposed = true;
        try
        {
            await Task.Run(GiveBack);
        }
        finally
        {
            _change?.Dispose();
        }
    }

    private void GiveBack()
    {
        try
        {
            _sessions.Run(_session, DuckDbWork.Querying, connection =>
            {
                _result.Dispose();
                if (_change is null)
                    connection.Rollback();

                return true;
            }, CancellationToken.None);
        }
        catch (TidemillException)
        {
            // The session is in doubt; dropping it ends its transaction, too.
            _sessions.Drop(_session);
            return;
        }

        // A statement of a user's may have left settings behind.
        if (_change is null)
            _sessions.Return(_session);
        else
            _sessions.Drop(_session);
    }
}
