using Tidemill.Core.Errors;

namespace Tidemill.Connectors.Tables;

/// <summary>What SQL of a session may not do: its transactions are begun and ended by its methods.</summary>
internal static class SessionSql
{
    private static readonly HashSet<string> Transactions = new(
        ["BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT"], StringComparer.OrdinalIgnoreCase);

    /// <exception cref="TidemillException">SqlInvalid: the statement begins or ends a transaction.</exception>
    public static void RefuseTransactions(string sql)
    {
        var word = ReadOnlySql.FirstWord(sql);
        if (Transactions.Contains(word))
        {
            throw new TidemillException(
                ErrorCode.SqlInvalid, $"{word.ToUpperInvariant()} cannot be run here: the session's transactions are not begun by SQL.");
        }
    }

    public static TidemillException Open() => new(ErrorCode.InvalidRequest, "The session has a transaction open.");

    public static TidemillException NotOpen() => new(ErrorCode.InvalidRequest, "The session has no transaction open.");
}
