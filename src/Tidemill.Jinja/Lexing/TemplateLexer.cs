namespace Tidemill.Jinja.Lexing;

/// <summary>
/// Splits a template into text and the tokens of its tags, with Jinja2's whitespace control: <c>-</c> next to a tag
/// drops all blanks on that side, <c>+</c> keeps what <c>trim_blocks</c> and <c>lstrip_blocks</c> would drop.
/// Jinja2 documentation, "Template Designer: Whitespace Control".
/// </summary>
internal sealed class TemplateLexer(TemplateText text, JinjaOptions options)
{
    private readonly string _source = text.Text;
    private readonly List<Token> _tokens = [];
    private readonly TagLexer _tags = new(text, options.TrimBlocks);
    private bool _lineStarting = true;

    public static List<Token> Tokenize(TemplateText text, JinjaOptions options) =>
        new TemplateLexer(text, options).Tokenize();

    private List<Token> Tokenize()
    {
        var offset = 0;
        while (offset < _source.Length)
        {
            var open = NextTag(offset);
            if (open < 0)
            {
                AddText(offset, _source.Length);
                break;
            }

            offset = ReadTag(offset, open);
        }

        _tokens.Add(new Token(TokenKind.End, "", null, text.PositionOf(_source.Length)));
        return _tokens;
    }

    private int NextTag(int from)
    {
        for (var i = _source.IndexOf('{', from); i >= 0 && i + 1 < _source.Length; i = _source.IndexOf('{', i + 1))
        {
            if (_source[i + 1] is '{' or '%' or '#')
                return i;
        }

        return -1;
    }

    private int ReadTag(int textStart, int open)
    {
        var kind = _source[open + 1];
        var sign = open + 2 < _source.Length && _source[open + 2] is '-' or '+' ? _source[open + 2] : '\0';
        AddText(textStart, StripBefore(textStart, open, sign, isVariable: kind == '{'));
        _lineStarting = false;
        var body = open + (sign == '\0' ? 2 : 3);
        return kind switch
        {
            '#' => SkipComment(open, body),
            '%' when RawBody(body) is { } raw => ReadRaw(open, raw),
            '%' => _tags.Read(_tokens, open, body, TokenKind.BlockBegin, out _lineStarting),
            _ => _tags.Read(_tokens, open, body, TokenKind.VariableBegin, out _lineStarting),
        };
    }

    /// <summary>Where the text before a tag ends once whitespace control is applied.</summary>
    private int StripBefore(int start, int end, char sign, bool isVariable)
    {
        if (sign == '-')
        {
            while (end > start && char.IsWhiteSpace(_source[end - 1]))
                end--;
            return end;
        }

        if (sign == '+' || !options.LstripBlocks || isVariable)
            return end;
        var lineStart = end > start ? _source.LastIndexOf('\n', end - 1, end - start) + 1 : 0;
        var from = lineStart > 0 ? lineStart : start;
        return (lineStart > 0 || _lineStarting) && _source.AsSpan(from, end - from).IsWhiteSpace() ? from : end;
    }

    private int SkipComment(int open, int body)
    {
        var close = _source.IndexOf("#}", body, StringComparison.Ordinal);
        if (close < 0)
            throw text.Error("missing end of comment tag '#}'", open);
        return AfterClose(close, sign: close > body ? _source[close - 1] : '\0', close + 2);
    }

    /// <summary>The offset after a tag's end and the blanks that its sign or <c>trim_blocks</c> drops.</summary>
    private int AfterClose(int close, char sign, int end)
    {
        if (sign == '-')
            end = TagLexer.SkipWhiteSpace(_source, end);
        else if (sign != '+' && options.TrimBlocks && end < _source.Length && _source[end] == '\n')
            end++;
        _lineStarting = end > close && _source[end - 1] == '\n';
        return end;
    }

    /// <summary>The offset of the text after <c>{% raw %}</c>, or null for another tag.</summary>
    private int? RawBody(int offset)
    {
        offset = TagLexer.SkipWhiteSpace(_source, offset);
        if (string.CompareOrdinal(_source, offset, "raw", 0, 3) != 0)
            return null;
        offset = TagLexer.SkipWhiteSpace(_source, offset + 3);
        if (string.CompareOrdinal(_source, offset, "-%}", 0, 3) == 0)
            return TagLexer.SkipWhiteSpace(_source, offset + 3);
        return string.CompareOrdinal(_source, offset, "%}", 0, 2) == 0 ? offset + 2 : null;
    }

    private int ReadRaw(int open, int body)
    {
        _lineStarting = _source[body - 1] == '\n';
        for (var i = _source.IndexOf("{%", body, StringComparison.Ordinal); i >= 0;
             i = _source.IndexOf("{%", i + 2, StringComparison.Ordinal))
        {
            var sign = i + 2 < _source.Length && _source[i + 2] is '-' or '+' ? _source[i + 2] : '\0';
            var word = TagLexer.SkipWhiteSpace(_source, i + (sign == '\0' ? 2 : 3));
            if (string.CompareOrdinal(_source, word, "endraw", 0, 6) != 0)
                continue;
            var close = TagLexer.SkipWhiteSpace(_source, word + 6);
            var closeSign = close < _source.Length && _source[close] is '-' or '+' ? _source[close] : '\0';
            var end = close + (closeSign == '\0' ? 0 : 1);
            if (string.CompareOrdinal(_source, end, "%}", 0, 2) != 0)
                continue;
            AddText(body, StripBefore(body, i, sign, isVariable: false));
            return AfterClose(close, closeSign, end + 2);
        }

        throw text.Error("missing end of raw directive '{% endraw %}'", open);
    }

    private void AddText(int start, int end)
    {
        if (end > start)
            _tokens.Add(new Token(TokenKind.Data, _source[start..end], null, text.PositionOf(start)));
    }
}
