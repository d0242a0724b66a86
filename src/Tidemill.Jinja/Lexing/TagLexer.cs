using System.Globalization;
using System.Numerics;
using Tidemill.Jinja.Evaluation;

namespace Tidemill.Jinja.Lexing;

/// <summary>Reads the tokens between a tag's opening and its end.</summary>
internal sealed class TagLexer(TemplateText text, bool trimBlocks)
{
    private readonly string _source = text.Text;
    private readonly Stack<char> _brackets = new();

    /// <summary>Adds the tag's tokens and returns the offset after it and after the blanks its end drops.</summary>
    public int Read(List<Token> tokens, int open, int offset, TokenKind begin, out bool lineStarting)
    {
        _brackets.Clear();
        lineStarting = false;
        tokens.Add(Make(begin, open, begin == TokenKind.VariableBegin ? "{{" : "{%"));
        while (offset < _source.Length)
        {
            if (char.IsWhiteSpace(_source[offset]))
            {
                offset++;
                continue;
            }

            if (_brackets.Count == 0 && CloseAt(offset, begin) is { } end)
            {
                var isVariable = begin == TokenKind.VariableBegin;
                tokens.Add(isVariable ? Make(TokenKind.VariableEnd, offset, "}}") : Make(TokenKind.BlockEnd, offset, "%}"));
                lineStarting = _source[end - 1] == '\n';
                return end;
            }

            offset = ReadToken(tokens, offset);
        }

        return offset;
    }

    public static int SkipWhiteSpace(string source, int offset)
    {
        while (offset < source.Length && char.IsWhiteSpace(source[offset]))
            offset++;
        return offset;
    }

    private int? CloseAt(int offset, TokenKind begin)
    {
        var close = begin == TokenKind.VariableBegin ? "}}" : "%}";
        var sign = _source[offset];
        var at = sign == '-' || (sign == '+' && begin == TokenKind.BlockBegin) ? offset + 1 : offset;
        if (string.CompareOrdinal(_source, at, close, 0, 2) != 0)
            return null;
        var end = at + 2;
        if (sign == '-')
            return SkipWhiteSpace(_source, end);
        var trims = trimBlocks && begin == TokenKind.BlockBegin && sign != '+';
        return trims && end < _source.Length && _source[end] == '\n' ? end + 1 : end;
    }

    private int ReadToken(List<Token> tokens, int offset)
    {
        var c = _source[offset];
        if (char.IsAsciiDigit(c))
            return ReadNumber(tokens, offset);
        if (char.IsLetter(c) || c == '_')
            return ReadName(tokens, offset);
        if (c is '\'' or '"')
            return ReadString(tokens, offset);
        return ReadOperator(tokens, offset);
    }

    private int ReadName(List<Token> tokens, int offset)
    {
        var end = offset + 1;
        while (end < _source.Length && (char.IsLetterOrDigit(_source[end]) || _source[end] == '_'))
            end++;
        tokens.Add(Make(TokenKind.Name, offset, _source[offset..end]));
        return end;
    }

    private int ReadString(List<Token> tokens, int offset)
    {
        var quote = _source[offset];
        var end = offset + 1;
        while (end < _source.Length && _source[end] != quote)
            end += _source[end] == '\\' ? 2 : 1;
        if (end >= _source.Length)
            throw text.Error("a string is not closed", offset);
        var raw = _source.AsSpan(offset + 1, end - offset - 1);
        var value = StringEscapes.Decode(raw, problem => text.Error(problem, offset));
        tokens.Add(new Token(TokenKind.String, value, value, text.PositionOf(offset)));
        return end + 1;
    }

    private int ReadNumber(List<Token> tokens, int offset)
    {
        var end = ScanDigits(offset);
        if (_source[offset] == '0' && end == offset + 1 && end < _source.Length)
        {
            var radix = char.ToLowerInvariant(_source[end]) switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 0 };
            if (radix != 0)
                return ReadRadix(tokens, offset, radix);
        }

        var afterDot = offset > 0 && _source[offset - 1] == '.';
        var isFloat = false;
        if (!afterDot && DigitAt(end + 1) && _source[end] == '.')
        {
            end = ScanDigits(end + 1);
            isFloat = true;
        }

        if (!afterDot && end < _source.Length && _source[end] is 'e' or 'E')
        {
            var exponent = end + 1 < _source.Length && _source[end + 1] is '+' or '-' ? end + 2 : end + 1;
            if (DigitAt(exponent))
            {
                end = ScanDigits(exponent);
                isFloat = true;
            }
        }

        var digits = _source[offset..end].Replace("_", "", StringComparison.Ordinal);
        if (!isFloat && digits.Length > 1 && digits[0] == '0' && digits.AsSpan().Trim('0').Length > 0)
            throw text.Error("leading zeros are not allowed in an integer", offset);
        if (digits.Length > 3500)
            throw text.Error("a number has more than 3500 digits", offset);
        tokens.Add(isFloat
            ? new Token(TokenKind.Float, digits, double.Parse(digits, CultureInfo.InvariantCulture), text.PositionOf(offset))
            : new Token(
                TokenKind.Integer,
                digits,
                ValueNumbers.Normalize(BigInteger.Parse(digits, CultureInfo.InvariantCulture)),
                text.PositionOf(offset)));
        return end;
    }

    private int ReadRadix(List<Token> tokens, int offset, int radix)
    {
        var value = BigInteger.Zero;
        var end = offset + 2;
        for (; end < _source.Length; end++)
        {
            var c = _source[end];
            var digit = char.IsAsciiHexDigit(c) ? Convert.ToInt32(c.ToString(), 16) : -1;
            if (c == '_' && end + 1 < _source.Length && char.IsAsciiHexDigit(_source[end + 1]))
                continue;
            if (digit < 0 || digit >= radix)
                break;
            value = (value * radix) + digit;
            if (end - offset > 3500)
                throw text.Error("a number has more than 3500 digits", offset);
        }

        if (end == offset + 2)
            throw text.Error("a number has no digits", offset);
        tokens.Add(new Token(TokenKind.Integer, _source[offset..end], ValueNumbers.Normalize(value), text.PositionOf(offset)));
        return end;
    }

    private bool DigitAt(int offset) => offset < _source.Length && char.IsAsciiDigit(_source[offset]);

    private int ScanDigits(int offset)
    {
        while (DigitAt(offset) || (offset < _source.Length && _source[offset] == '_' && DigitAt(offset + 1)))
            offset++;
        return offset;
    }

    private int ReadOperator(List<Token> tokens, int offset)
    {
        var next = offset + 1 < _source.Length ? _source[offset + 1] : '\0';
        var (kind, length) = (_source[offset], next) switch
        {
            ('/', '/') => (TokenKind.FloorDiv, 2),
            ('*', '*') => (TokenKind.Pow, 2),
            ('=', '=') => (TokenKind.Equal, 2),
            ('!', '=') => (TokenKind.NotEqual, 2),
            ('>', '=') => (TokenKind.GreaterOrEqual, 2),
            ('<', '=') => (TokenKind.LessOrEqual, 2),
            ('+', _) => (TokenKind.Add, 1),
            ('-', _) => (TokenKind.Sub, 1),
            ('*', _) => (TokenKind.Mul, 1),
            ('/', _) => (TokenKind.Div, 1),
            ('%', _) => (TokenKind.Mod, 1),
            ('~', _) => (TokenKind.Tilde, 1),
            ('>', _) => (TokenKind.Greater, 1),
            ('<', _) => (TokenKind.Less, 1),
            ('=', _) => (TokenKind.Assign, 1),
            ('.', _) => (TokenKind.Dot, 1),
            (':', _) => (TokenKind.Colon, 1),
            ('|', _) => (TokenKind.Pipe, 1),
            (',', _) => (TokenKind.Comma, 1),
            (';', _) => (TokenKind.Semicolon, 1),
            ('(', _) => (TokenKind.LeftParenthesis, 1),
            (')', _) => (TokenKind.RightParenthesis, 1),
            ('[', _) => (TokenKind.LeftBracket, 1),
            (']', _) => (TokenKind.RightBracket, 1),
            ('{', _) => (TokenKind.LeftBrace, 1),
            ('}', _) => (TokenKind.RightBrace, 1),
            _ => throw text.Error($"unexpected character '{_source[offset]}'", offset),
        };
        Balance(kind, offset);
        tokens.Add(Make(kind, offset, _source.Substring(offset, length)));
        return offset + length;
    }

    private void Balance(TokenKind kind, int offset)
    {
        switch (kind)
        {
            case TokenKind.LeftParenthesis:
                _brackets.Push(')');
                break;
            case TokenKind.LeftBracket:
                _brackets.Push(']');
                break;
            case TokenKind.LeftBrace:
                _brackets.Push('}');
                break;
            case TokenKind.RightParenthesis or TokenKind.RightBracket or TokenKind.RightBrace:
                var found = _source[offset];
                if (!_brackets.TryPop(out var expected))
                    throw text.Error($"unexpected '{found}'", offset);
                if (expected != found)
                    throw text.Error($"unexpected '{found}', expected '{expected}'", offset);
                break;
        }
    }

    private Token Make(TokenKind kind, int offset, string written) => new(kind, written, null, text.PositionOf(offset));
}
