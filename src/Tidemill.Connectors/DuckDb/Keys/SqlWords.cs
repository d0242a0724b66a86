namespace Tidemill.Connectors.DuckDb.Keys;

/// <summary>
/// A statement's identifiers (without their quotes), keywords, numbers and signs, without its texts and comments. Source: DuckDB's lexer
/// is PostgreSQL's; block comments nest, E'' texts have escapes, $tag$ opens and closes a text.
/// </summary>
internal static class SqlWords
{
    public static List<string> Of(string sql)
    {
        var words = new List<string>();
        for (var i = 0; i < sql.Length;)
        {
            var end = End(sql, i);
            if (sql[i] == '"')
            {
                words.Add(sql[(i + 1)..Math.Max(i + 1, end - 1)].Replace("\"\"", "\"", StringComparison.Ordinal));
            }
            else if (IsWord(sql[i]) ? sql[end - 1] != '\'' : !(char.IsWhiteSpace(sql[i]) || sql[i] is '\'' || IsComment(sql, i) || end - i > 1))
            {
                words.Add(sql[i..end]);
            }

            i = end;
        }

        return words;
    }

    /// <summary>Where the word, identifier, text, comment or sign ends that begins here.</summary>
    private static int End(string sql, int start) => sql[start] switch
    {
        '"' or '\'' => Quoted(sql, start, escapes: false),
        'e' or 'E' when start + 1 < sql.Length && sql[start + 1] == '\'' => Quoted(sql, start + 1, escapes: true),
        '$' => Dollars(sql, start),
        _ when IsComment(sql, start) => sql[start] == '-' ? After(sql, "\n", start) : Block(sql, start),
        _ => Word(sql, start),
    };

    private static bool IsComment(string sql, int start) => Stands(sql, "--", start) || Stands(sql, "/*", start);

    private static bool Stands(string sql, string sign, int at) => string.CompareOrdinal(sql, at, sign, 0, sign.Length) == 0;

    private static bool IsWord(char sign) => char.IsLetterOrDigit(sign) || sign is '_' or > '\x7F';

    private static int After(string sql, string close, int start) =>
        sql.IndexOf(close, start, StringComparison.Ordinal) is >= 0 and var at ? at + close.Length : sql.Length;

    private static int Word(string sql, int start)
    {
        var end = start + 1;
        while (IsWord(sql[start]) && end < sql.Length && (IsWord(sql[end]) || sql[end] == '$'))
        {
            end++;
        }

        return end;
    }

    private static int Quoted(string sql, int open, bool escapes)
    {
        for (var i = open + 1; i < sql.Length; i++)
        {
            if ((escapes && sql[i] == '\\') || (sql[i] == sql[open] && i + 1 < sql.Length && sql[i + 1] == sql[open]))
            {
                i++;
            }
            else if (sql[i] == sql[open])
            {
                return i + 1;
            }
        }

        return sql.Length;
    }

    /// <summary>A text between <c>$tag$</c> and the same again, or the sign alone, as in <c>$1</c>.</summary>
    private static int Dollars(string sql, int start)
    {
        var close = start + 1;
        while (close < sql.Length && IsWord(sql[close]))
        {
            close++;
        }

        var isTag = close < sql.Length && sql[close] == '$' && !(close > start + 1 && char.IsDigit(sql[start + 1]));
        return isTag ? After(sql, sql[start..(close + 1)], close + 1) : start + 1;
    }

    private static int Block(string sql, int start)
    {
        var depth = 1;
        for (var i = start + 2; i < sql.Length; i++)
        {
            var closes = Stands(sql, "*/", i);
            if (!closes && !Stands(sql, "/*", i))
            {
                continue;
            }

            depth += closes ? -1 : 1;
            i++;
            if (depth == 0)
            {
                return i + 1;
            }
        }

        return sql.Length;
    }
}
