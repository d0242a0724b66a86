using Tidemill.Jinja.Lexing;

namespace Tidemill.Jinja.Parsing;

/// <summary>Reads tokens one by one with one token of look-ahead, and counts how deep the parser has nested.</summary>
internal sealed class TokenReader(string templateName, List<Token> tokens, int maxDepth)
{
    private int _next;
    private int _depth;

    public Token Current => tokens[_next];

    public Token Following => tokens[Math.Min(_next + 1, tokens.Count - 1)];

    public Token Read()
    {
        var token = tokens[_next];
        if (token.Kind != TokenKind.End)
            _next++;
        return token;
    }

    public bool TryRead(TokenKind kind)
    {
        if (Current.Kind != kind)
            return false;
        Read();
        return true;
    }

    public bool TryRead(string name)
    {
        if (!Current.Is(name))
            return false;
        Read();
        return true;
    }

    public Token Expect(TokenKind kind)
    {
        if (Current.Kind != kind)
            throw Error($"unexpected {Current.Describe()}, expected {Token.Describe(kind)}");
        return Read();
    }

    public void Expect(string name)
    {
        if (!TryRead(name))
            throw Error($"unexpected {Current.Describe()}, expected '{name}'");
    }

    public JinjaException Error(string problem) => Error(problem, Current.Position);

    public JinjaException Error(string problem, SourcePosition position) => new(problem, templateName, position);

    public void Enter()
    {
        if (++_depth > maxDepth)
            throw Error($"nested deeper than {maxDepth} levels");
    }

    public void Leave() => _depth--;
}
