namespace Tidemill.Jinja.Lexing;

internal enum TokenKind
{
    Data, VariableBegin, VariableEnd, BlockBegin, BlockEnd, End,
    Name, String, Integer, Float,
    Add, Sub, Mul, Div, FloorDiv, Mod, Pow, Tilde,
    Equal, NotEqual, Greater, GreaterOrEqual, Less, LessOrEqual,
    Assign, Dot, Colon, Pipe, Comma, Semicolon,
    LeftParenthesis, RightParenthesis, LeftBracket, RightBracket, LeftBrace, RightBrace,
}

/// <summary><paramref name="Text"/> is the text as written, or the unescaped value of a string.</summary>
internal readonly record struct Token(TokenKind Kind, string Text, object? Value, SourcePosition Position)
{
    public bool Is(string name) => Kind == TokenKind.Name && Text == name;

    /// <summary>The token as an error message names it.</summary>
    public string Describe() => Kind switch
    {
        TokenKind.End => "end of template",
        TokenKind.Data => "template text",
        TokenKind.VariableEnd => "end of print statement",
        TokenKind.BlockEnd => "end of statement block",
        TokenKind.String => "a string",
        _ => $"'{Text}'",
    };

    public static string Describe(TokenKind kind) => kind switch
    {
        TokenKind.VariableEnd => "end of print statement '}}'",
        TokenKind.BlockEnd => "end of statement block '%}'",
        TokenKind.Name => "a name",
        TokenKind.RightParenthesis => "')'",
        TokenKind.RightBracket => "']'",
        TokenKind.RightBrace => "'}'",
        TokenKind.Assign => "'='",
        TokenKind.Comma => "','",
        TokenKind.Colon => "':'",
        _ => kind.ToString(),
    };
}
