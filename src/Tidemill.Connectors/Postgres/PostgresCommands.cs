using Npgsql;
using NpgsqlTypes;
using Tidemill.Connectors.Tables;

namespace Tidemill.Connectors.Postgres;

/// <summary>
/// Commands of one statement each. A batch command goes to the server as it stands, which refuses a second statement
/// behind a semicolon; the driver's plain command would split it and run both.
/// </summary>
internal static class PostgresCommands
{
    public static NpgsqlBatch Create(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, string sql, IReadOnlyList<object?> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in parameters)
            command.Parameters.Add(Parameter(value));

        return new NpgsqlBatch(connection, transaction) { BatchCommands = { command }, Timeout = 0 };
    }

    /// <summary>Rows changed, or stored by CREATE TABLE AS; 0 where the statement changes none.</summary>
    public static async Task<long> ExecuteAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, string sql, IReadOnlyList<object?> parameters,
        CancellationToken cancellationToken)
    {
        await using var batch = Create(connection, transaction, sql, parameters);
        var changed = await batch.ExecuteNonQueryAsync(cancellationToken);
        var command = batch.BatchCommands[0];

        // The server reports CREATE TABLE AS as it reports a SELECT, with the rows stored.
        return command.StatementType == StatementType.Select
            && ReadOnlySql.FirstWord(sql).Equals("CREATE", StringComparison.OrdinalIgnoreCase)
            ? (long)command.Rows
            : Math.Max(0, changed);
    }

    /// <summary>Text goes untyped, as a literal would: it becomes whatever type its place in the statement has.</summary>
    private static NpgsqlParameter Parameter(object? value) => value switch
    {
        null => new NpgsqlParameter { Value = DBNull.Value },
        string text => new NpgsqlParameter { Value = text, NpgsqlDbType = NpgsqlDbType.Unknown },
        uint number => new NpgsqlParameter { Value = (long)number },
        ulong number => new NpgsqlParameter { Value = (decimal)number },
        ushort number => new NpgsqlParameter { Value = (int)number },
        Int128 number => new NpgsqlParameter { Value = (System.Numerics.BigInteger)number },
        DateTime { Kind: DateTimeKind.Local } time => new NpgsqlParameter { Value = time.ToUniversalTime() },
        DateTimeOffset time => new NpgsqlParameter { Value = time.ToUniversalTime() },
        _ => new NpgsqlParameter { Value = value },
    };
}
