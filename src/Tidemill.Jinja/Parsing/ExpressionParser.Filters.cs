using Tidemill.Jinja.Lexing;

namespace Tidemill.Jinja.Parsing;

/// <summary>What follows an operand: filters and tests.</summary>
internal sealed partial class ExpressionParser
{
    private Expression ParseFiltersAndTests(Expression value)
    {
        while (true)
        {
            if (reader.Current.Kind == TokenKind.Pipe)
                value = ParseFilters(value, startsInline: false);
            else if (reader.Current.Is("is"))
                value = ParseTest(value);
            else if (reader.Current.Kind == TokenKind.LeftParenthesis)
                value = ParsePostfix(value);
            else
                return value;
        }
    }

    private FilterExpression ParseFilter(Expression? target)
    {
        var name = ReadDottedName(out var position);
        var arguments = reader.Current.Kind == TokenKind.LeftParenthesis ? ParseArguments() : ArgumentList.Empty;
        return new FilterExpression(target, name, arguments, position);
    }

    private string ReadDottedName(out SourcePosition position)
    {
        var token = reader.Expect(TokenKind.Name);
        position = token.Position;
        var name = token.Text;
        while (reader.TryRead(TokenKind.Dot))
            name += "." + reader.Expect(TokenKind.Name).Text;
        return name;
    }

    private Expression ParseTest(Expression target)
    {
        reader.Expect("is");
        var isNegated = reader.TryRead("not");
        var name = ReadDottedName(out var position);
        var test = new TestExpression(target, name, ParseTestArguments(), position);
        return isNegated ? new UnaryExpression(UnaryOperator.Not, test, position) : test;
    }

    /// <summary>A test's arguments in brackets, or one operand without them: <c>x is divisibleby 3</c>.</summary>
    private ArgumentList ParseTestArguments()
    {
        var token = reader.Current;
        if (token.Kind == TokenKind.LeftParenthesis)
            return ParseArguments();
        var takesOperand = token.Kind is TokenKind.String or TokenKind.Integer or TokenKind.Float
            or TokenKind.LeftBracket or TokenKind.LeftBrace
            || (token.Kind == TokenKind.Name && token.Text is not ("else" or "or" or "and"));
        if (!takesOperand)
            return ArgumentList.Empty;
        if (token.Is("is"))
            throw reader.Error("tests cannot be chained with 'is'");
        return new ArgumentList([ParsePostfix(ParsePrimary())], [], null, null);
    }
}
