using System.Net.Sockets;
using System.Text;
using Npgsql;
using Tidemill.Core.Errors;

namespace Tidemill.Connectors.Postgres;

/// <summary>
/// SQLSTATE (PostgreSQL manual, appendix A) as <see cref="ErrorCode"/>. Messages carry the server's text without what
/// it quotes where that may be a value, and never its detail or context, which hold values.
/// </summary>
internal static class PostgresErrors
{
    /// <param name="error">What Npgsql threw.</param>
    /// <param name="writing">True while rows of a batch are written: what does not fit is the row's fault, not the SQL's.</param>
    /// <param name="description">Which server.</param>
    public static TidemillException Map(Exception error, bool writing, string description) => error switch
    {
        TidemillException mapped => mapped,
        PostgresException server => new TidemillException(Code(server, writing), Message(server, description), server),
        _ => new TidemillException(ErrorCode.Unavailable, $"{description}: the connection failed ({Reason(error)}).", error),
    };

    /// <summary>Errors of the driver that mean a connection that is not there, besides the server's own.</summary>
    public static bool IsKnown(Exception error) =>
        error is NpgsqlException or IOException or SocketException or TimeoutException or ObjectDisposedException
        || (error is InvalidOperationException && error.Source == "Npgsql");

    /// <summary>The error of a statement: a cancellation, the server's own, or one that the driver has no code for.</summary>
    public static Exception MapStatement(Exception error, string description, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested && error is not TidemillException
            ? new OperationCanceledException("The statement was cancelled.", error, cancellationToken)
            : IsKnown(error) ? Map(error, writing: false, description)
            : error is NotSupportedException ? new TidemillException(ErrorCode.SqlInvalid, $"{description}: {error.Message}", error)
            : error;

    private static ErrorCode Code(PostgresException error, bool writing) => error.SqlState switch
    {
        PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected
            or PostgresErrorCodes.LockNotAvailable => ErrorCode.TransactionConflict,
        PostgresErrorCodes.DiskFull => ErrorCode.DiskFull,
        PostgresErrorCodes.InsufficientPrivilege => ErrorCode.AccessDenied,
        PostgresErrorCodes.InvalidCatalogName => ErrorCode.NotFound,
        PostgresErrorCodes.QueryCanceled => ErrorCode.TimedOut,
        "42P10" => ErrorCode.SchemaConflict,
        // protocol_violation: a statement with $1 and no value for it.
        "08P01" => ErrorCode.SqlInvalid,
        "25P03" => ErrorCode.Unavailable,
        "25006" when writing => ErrorCode.Unavailable,
        "21000" when writing => ErrorCode.RowRejected,
        _ => CodeOfClass(error.SqlState[..2], writing),
    };

    private static ErrorCode CodeOfClass(string sqlClass, bool writing) => sqlClass switch
    {
        "08" or "53" or "57" or "58" => ErrorCode.Unavailable,
        "28" => ErrorCode.AccessDenied,
        "40" => ErrorCode.TransactionConflict,
        "23" => ErrorCode.RowRejected,
        "22" or "54" => writing ? ErrorCode.RowRejected : ErrorCode.SqlInvalid,
        "XX" => ErrorCode.DataCorrupt,
        _ => ErrorCode.SqlInvalid,
    };

    private static string Message(PostgresException error, string description)
    {
        var text = new StringBuilder($"{description}: ");
        text.Append(error.SqlState.StartsWith("22", StringComparison.Ordinal) ? WithoutQuotes(error.MessageText) : error.MessageText);
        text.Append($" (SQLSTATE {error.SqlState}");
        Add(text, "table", error.TableName);
        Add(text, "column", error.ColumnName);
        Add(text, "constraint", error.ConstraintName);
        if (error.Position > 0)
            text.Append($", at character {error.Position}");

        return text.Append(").").ToString();
    }

    private static void Add(StringBuilder text, string what, string? name)
    {
        if (!string.IsNullOrEmpty(name))
            text.Append($", {what} {name}");
    }

    private static string Reason(Exception error) => error.InnerException is { } inner ? inner.GetType().Name : error.GetType().Name;

    private static string WithoutQuotes(string message)
    {
        var first = message.IndexOf('"', StringComparison.Ordinal);
        var last = message.LastIndexOf('"');
        return first < 0 || last == first ? message : $"{message[..(first + 1)]}…{message[last..]}";
    }
}
