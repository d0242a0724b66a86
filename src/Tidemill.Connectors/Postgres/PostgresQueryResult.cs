using System.Runtime.CompilerServices;
using Npgsql;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;

namespace Tidemill.Connectors.Postgres;

/// <summary>Rows as the server sends them.</summary>
internal sealed class PostgresQueryResult : IQueryResult
{
    private readonly Func<ValueTask> _release;
    private readonly NpgsqlBatch _command;
    private readonly NpgsqlDataReader _reader;
    private readonly string _description;
    private readonly string[] _types;
    private readonly CellDecoder?[] _decode;

    /// <param name="command">Disposed with the result.</param>
    /// <param name="reader">Its rows.</param>
    /// <param name="description">Which server.</param>
    /// <param name="release">Lets go of what was opened for this query alone.</param>
    public PostgresQueryResult(NpgsqlBatch command, NpgsqlDataReader reader, string description, Func<ValueTask> release)
    {
        (_command, _reader, _description, _release) = (command, reader, description, release);
        _types = [.. Enumerable.Range(0, reader.FieldCount).Select(reader.GetDataTypeName)];
        _decode = [.. _types.Select(PostgresCells.Decoder)];
        Columns = [.. _types.Select((type, i) => new QueryColumn(reader.GetName(i), type))];
    }

    public IReadOnlyList<QueryColumn> Columns { get; }

    public async IAsyncEnumerable<object?[]> ReadRowsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await NextAsync(cancellationToken) is { } row)
            yield return row;
    }

    private async Task<object?[]?> NextAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (!await _reader.ReadAsync(cancellationToken))
                return null;

            var row = new object?[_types.Length];
            for (var i = 0; i < row.Length; i++)
                row[i] = _reader.IsDBNull(i) ? null : Read(i);

            return row;
        }
        catch (Exception error) when (PostgresErrors.IsKnown(error))
        {
            throw PostgresErrors.Map(error, writing: false, _description);
        }
    }

    private object Read(int column)
    {
        var type = _types[column];
        try
        {
            return _decode[column] is { } decode ? decode(Bytes(column)) : _reader.GetValue(column);
        }
        catch (Exception error) when (error is OverflowException or InvalidCastException or ArgumentOutOfRangeException)
        {
            throw new TidemillException(ErrorCode.SqlInvalid,
                $"Column {Columns[column].Name} holds a {type} that cannot be shown as it is; cast it to text in the query.", error);
        }
    }

    /// <summary>The cell as the server sent it.</summary>
    private ReadOnlySpan<byte> Bytes(int column)
    {
        using var stream = _reader.GetStream(column);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            // A result that is left before its end may be endless.
            if (!_reader.IsClosed)
                _command.Cancel();

            await _reader.DisposeAsync();
        }
        catch (Exception error) when (PostgresErrors.IsKnown(error))
        {
            // A connection that broke is not reused.
        }
        finally
        {
            await _command.DisposeAsync();
            await _release();
        }
    }
}
