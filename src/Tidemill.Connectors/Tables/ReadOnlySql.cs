using Tidemill.Core.Errors;

namespace Tidemill.Connectors.Tables;

/// <summary>
/// First gate for read-only queries: the statement must begin with a word that reads. The engine's read-only
/// transaction is the second; this one also stops what it lets through, such as COPY ... TO a file.
/// </summary>
internal static class ReadOnlySql
{
    private static readonly HashSet<string> Readers = new(StringComparer.OrdinalIgnoreCase)
    {
        "SELECT", "WITH", "VALUES", "TABLE", "FROM", "EXPLAIN", "SHOW", "DESCRIBE", "SUMMARIZE", "PIVOT", "UNPIVOT",
    };

    /// <exception cref="TidemillException">SqlInvalid: the statement begins with another word.</exception>
    public static void Require(string sql)
    {
        ArgumentNullException.ThrowIfNull(sql);
        var word = FirstWord(sql);
        if (!Readers.Contains(word))
        {
            throw new TidemillException(ErrorCode.SqlInvalid,
                $"Only queries may run here, and this statement begins with {(word.Length == 0 ? "nothing" : word)}. Begin with SELECT "
                    + $"or WITH.");
        }
    }

    /// <summary>The statement's first word, past white space, comments and parentheses.</summary>
    public static string FirstWord(string sql)
    {
        var start = SkipBlanks(sql);
        var end = start;
        while (end < sql.Length && char.IsLetter(sql[end]))
            end++;

        return sql[start..end];
    }

    /// <summary>Past white space, opening parentheses and comments; PostgreSQL's block comments nest.</summary>
    private static int SkipBlanks(string sql)
    {
        var (i, depth) = (0, 0);
        while (i < sql.Length)
        {
            var pair = sql.AsSpan(i, Math.Min(2, sql.Length - i));
            if (pair is "/*")
            {
                depth++;
                i += 2;
            }
            else if (depth > 0)
            {
                i += pair is "*/" ? 2 : 1;
                depth -= pair is "*/" ? 1 : 0;
            }
            else if (pair is "--")
            {
                var line = sql.IndexOf('\n', i);
                i = line < 0 ? sql.Length : line + 1;
            }
            else if (char.IsWhiteSpace(sql[i]) || sql[i] == '(')
            {
                i++;
            }
            else
            {
                break;
            }
        }

        return i;
    }
}
