using System.Globalization;

namespace Tidemill.Connectors.DuckDb.Keys;

/// <summary>
/// A statement's identifiers (without their quotes), keywords, numbers and signs, without its comments, and of its texts only
/// those that stand where DuckDB takes one for a name. Source: DuckDB's lexer is PostgreSQL's; block comments nest, E'' texts
/// have escapes, $tag$ opens and closes a text, Unicode's spaces are spaces.
/// </summary>
internal static class SqlWords
{
    /// <summary>A text behind one of these may be a table's name.</summary>
    private static readonly HashSet<string> BeforeNames = new(
        ["INTO", "UPDATE", "FROM", "TABLE", "EXISTS", "TRUNCATE", "COPY", "ON", "TO", "."], StringComparer.OrdinalIgnoreCase);

    public static List<string> Of(string sql)
    {
        var words = new List<string>();
        for (var i = 0; i < sql.Length;)
        {
            var end = End(sql, i);
            if (sql[i] == '"')
                words.Add(Content(sql, i, end));
            else if (IsText(sql, i, end))
                AddName(words, sql, i, end);
            else if (!IsSpace(sql[i]) && !IsComment(sql, i))
                words.Add(sql[i..end]);

            i = end;
        }

        return words;
    }

    private static void AddName(List<string> words, string sql, int start, int end)
    {
        if (words.Count > 0 && BeforeNames.Contains(words[^1]))
        {
            var open = sql.IndexOf(sql[start] == '$' ? '$' : '\'', start);
            words.Add(sql[open] == '$' ? sql[open..end].Split('$')[2] : Content(sql, open, end));
        }
    }

    /// <summary>What stands between the quotes, of which a doubled one is one.</summary>
    private static string Content(string sql, int open, int end) => sql[(open + 1)..Math.Max(open + 1, end - 1)]
        .Replace(new string(sql[open], 2), sql[open].ToString(), StringComparison.Ordinal);

    private static bool IsText(string sql, int start, int end) =>
        sql[start] == '\'' || (sql[start] == '$' && end - start > 1) || (sql[start] is 'e' or 'E' && sql[end - 1] == '\'');

    /// <summary>Where the word, identifier, text, comment or sign ends that begins here.</summary>
    private static int End(string sql, int start) => sql[start] switch
    {
        '"' or '\'' => Quoted(sql, start, escapes: false),
        'e' or 'E' when start + 1 < sql.Length && sql[start + 1] == '\'' => Quoted(sql, start + 1, escapes: true),
        '$' => Dollars(sql, start),
        _ when IsComment(sql, start) => sql[start] == '-' ? Line(sql, start) : Block(sql, start),
        _ => Word(sql, start),
    };

    private static bool IsComment(string sql, int start) => Stands(sql, "--", start) || Stands(sql, "/*", start);

    private static bool Stands(string sql, string sign, int at) => string.CompareOrdinal(sql, at, sign, 0, sign.Length) == 0;

    private static bool IsSpace(char sign) => char.IsWhiteSpace(sign) || char.GetUnicodeCategory(sign) == UnicodeCategory.Format;

    private static bool IsWord(char sign) => char.IsLetterOrDigit(sign) || sign == '_' || (sign > '\x7F' && !IsSpace(sign));

    private static int Line(string sql, int start) => sql.IndexOfAny(['\n', '\r'], start) is >= 0 and var at ? at + 1 : sql.Length;

    private static int After(string sql, string close, int start) =>
        sql.IndexOf(close, start, StringComparison.Ordinal) is >= 0 and var at ? at + close.Length : sql.Length;

    private static int Word(string sql, int start)
    {
        var end = start + 1;
        while (IsWord(sql[start]) && end < sql.Length && (IsWord(sql[end]) || sql[end] == '$'))
            end++;

        return end;
    }

    private static int Quoted(string sql, int open, bool escapes)
    {
        for (var i = open + 1; i < sql.Length; i++)
        {
            if ((escapes && sql[i] == '\\') || (sql[i] == sql[open] && i + 1 < sql.Length && sql[i + 1] == sql[open]))
                i++;
            else if (sql[i] == sql[open])
                return i + 1;
        }

        return sql.Length;
    }

    /// <summary>A text between <c>$tag$</c> and the same again, or the sign alone, as in <c>$1</c>.</summary>
    private static int Dollars(string sql, int start)
    {
        var close = start + 1;
        while (close < sql.Length && IsWord(sql[close]))
            close++;

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
                continue;

            depth += closes ? -1 : 1;
            i++;
            if (depth == 0)
                return i + 1;
        }

        return sql.Length;
    }
}
