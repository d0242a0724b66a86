using System.Runtime.CompilerServices;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.DuckDb;

/// <summary>A streamed result and the session that computes it.</summary>
internal sealed class DuckDbQueryResult : IQueryResult
{
    private readonly DuckDbSessions _sessions;
    private readonly DuckDbSession _session;
    private readonly DuckDbResult _result;
    private readonly Action<bool> _release;
    private bool _disposed;

    /// <param name="sessions">The file's sessions.</param>
    /// <param name="session">The one that computes the rows.</param>
    /// <param name="result">Its rows.</param>
    /// <param name="release">Lets go of what was taken for this query alone; false: the session is in doubt.</param>
    public DuckDbQueryResult(DuckDbSessions sessions, DuckDbSession session, DuckDbResult result, Action<bool> release)
    {
        (_sessions, _session, _result, _release) = (sessions, session, result, release);
        session.Closing += result.Dispose;
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

    private List<object?[]> Rows(DataChunk chunk)
    {
        var rows = new List<object?[]>(chunk.Size);
        for (var row = 0; row < chunk.Size; row++)
        {
            var cells = new object?[chunk.ColumnCount];
            for (var column = 0; column < cells.Length; column++)
                cells[column] = Read(chunk[column], row, column);

            rows.Add(cells);
        }

        return rows;
    }

    private object? Read(Vector vector, int row, int column)
    {
        try
        {
            return DuckDbCells.Read(vector, row);
        }
        catch (NotSupportedException error)
        {
            throw new TidemillException(ErrorCode.SqlInvalid,
                $"Column {Columns[column].Name} holds a {vector.Type} that cannot be shown as it is; cast it to text in the query.", error);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;

        _disposed = true;
        await Task.Run(Close);
    }

    private void Close()
    {
        var isSound = true;
        try
        {
            _session.Closing -= _result.Dispose;
            _sessions.Run(_session, DuckDbWork.Querying, _ =>
            {
                _result.Dispose();
                return true;
            }, CancellationToken.None);
        }
        catch (TidemillException)
        {
            isSound = false;
        }

        _release(isSound);
    }
}
