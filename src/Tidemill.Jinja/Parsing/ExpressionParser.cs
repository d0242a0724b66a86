using Tidemill.Jinja.Lexing;

namespace Tidemill.Jinja.Parsing;

/// <summary>
/// Expressions with Jinja2's precedence, loosest first: conditional, or, and, not, comparison, + -, ~, * / // %, **,
/// unary, postfix and filters. All binary operators group to the left, ** too (as Jinja2, unlike Python).
/// </summary>
internal sealed partial class ExpressionParser(TokenReader reader, MacroNames names)
{
    public Expression ParseExpression()
    {
        reader.Enter();
        var value = ParseOr();
        while (reader.Current.Is("if"))
        {
            var position = reader.Read().Position;
            var condition = ParseOr();
            var otherwise = reader.TryRead("else") ? ParseExpression() : null;
            value = new ConditionalExpression(condition, value, otherwise, position);
        }

        reader.Leave();
        return value;
    }

    /// <summary>One expression, or a tuple of them when commas follow.</summary>
    public Expression ParseTuple(bool inParentheses = false, bool withCondition = true)
    {
        var position = reader.Current.Position;
        var items = new List<Expression>();
        var isTuple = false;
        while (!AtTupleEnd())
        {
            items.Add(withCondition ? ParseExpression() : ParseOr());
            if (!reader.TryRead(TokenKind.Comma))
                break;
            isTuple = true;
        }

        if (items.Count == 1 && !isTuple)
            return items[0];
        if (items.Count == 0 && !inParentheses)
            throw reader.Error($"expected an expression, got {reader.Current.Describe()}");
        return new TupleExpression(items, position);
    }

    public ArgumentList ParseArguments()
    {
        reader.Expect(TokenKind.LeftParenthesis);
        var positional = new List<Expression>();
        var keywords = new List<(string, Expression)>();
        Expression? spread = null;
        Expression? keywordSpread = null;
        while (reader.Current.Kind != TokenKind.RightParenthesis)
        {
            if (reader.Current.Kind == TokenKind.Mul && spread is null && keywordSpread is null)
            {
                reader.Read();
                spread = ParseExpression();
            }
            else if (reader.Current.Kind == TokenKind.Pow && keywordSpread is null)
            {
                reader.Read();
                keywordSpread = ParseExpression();
            }
            else if (reader.Current.Kind == TokenKind.Name && reader.Following.Kind == TokenKind.Assign && keywordSpread is null)
            {
                var name = reader.Read().Text;
                reader.Read();
                keywords.Add((name, ParseExpression()));
            }
            else if (spread is null && keywordSpread is null && keywords.Count == 0)
            {
                positional.Add(ParseExpression());
            }
            else
            {
                throw reader.Error("a positional argument stands after named ones in a call");
            }

            if (!reader.TryRead(TokenKind.Comma))
                break;
        }

        reader.Expect(TokenKind.RightParenthesis);
        return new ArgumentList(positional, keywords, spread, keywordSpread);
    }

    /// <summary>The filters after a <c>|</c>, or the first of a filter block, which stands without one.</summary>
    public FilterExpression ParseFilters(Expression? target, bool startsInline)
    {
        if (!startsInline)
            reader.Expect(TokenKind.Pipe);
        var filter = ParseFilter(target);
        while (reader.TryRead(TokenKind.Pipe))
            filter = ParseFilter(filter);
        return filter;
    }

    public Expression ParseUnary(bool withFilters = true)
    {
        var token = reader.Current;
        Expression value;
        if (token.Kind is TokenKind.Sub or TokenKind.Add)
        {
            reader.Enter();
            reader.Read();
            var sign = token.Kind == TokenKind.Sub ? UnaryOperator.Negate : UnaryOperator.Plus;
            value = new UnaryExpression(sign, ParseUnary(withFilters: false), token.Position);
            reader.Leave();
        }
        else
        {
            value = ParsePrimary();
        }

        value = ParsePostfix(value);
        return withFilters ? ParseFiltersAndTests(value) : value;
    }

    private bool AtTupleEnd() => reader.Current.Kind
        is TokenKind.VariableEnd or TokenKind.BlockEnd or TokenKind.RightParenthesis or TokenKind.End
        || reader.Current.Is("recursive");

    private Expression ParseOr()
    {
        var left = ParseAnd();
        while (reader.Current.Is("or"))
            left = new LogicalExpression(IsAnd: false, left, Position: reader.Read().Position, Right: ParseAnd());
        return left;
    }

    private Expression ParseAnd()
    {
        var left = ParseNot();
        while (reader.Current.Is("and"))
            left = new LogicalExpression(IsAnd: true, left, Position: reader.Read().Position, Right: ParseNot());
        return left;
    }

    private Expression ParseNot()
    {
        if (!reader.Current.Is("not"))
            return ParseComparison();
        reader.Enter();
        var position = reader.Read().Position;
        var operand = ParseNot();
        reader.Leave();
        return new UnaryExpression(UnaryOperator.Not, operand, position);
    }

    private Expression ParseComparison()
    {
        var first = ParseSum();
        var position = reader.Current.Position;
        List<(ComparisonOperator, Expression)>? rest = null;
        while (ReadComparisonOperator() is { } comparison)
            (rest ??= []).Add((comparison, ParseSum()));
        return rest is null ? first : new ComparisonExpression(first, rest, position);
    }

    private ComparisonOperator? ReadComparisonOperator()
    {
        ComparisonOperator? found = reader.Current.Kind switch
        {
            TokenKind.Equal => ComparisonOperator.Equal,
            TokenKind.NotEqual => ComparisonOperator.NotEqual,
            TokenKind.Greater => ComparisonOperator.Greater,
            TokenKind.GreaterOrEqual => ComparisonOperator.GreaterOrEqual,
            TokenKind.Less => ComparisonOperator.Less,
            TokenKind.LessOrEqual => ComparisonOperator.LessOrEqual,
            _ => reader.Current.Is("in") ? ComparisonOperator.In : null,
        };
        if (found is null && reader.Current.Is("not") && reader.Following.Is("in"))
        {
            reader.Read();
            found = ComparisonOperator.NotIn;
        }

        if (found is not null)
            reader.Read();
        return found;
    }

    private Expression ParseSum()
    {
        var left = ParseConcat();
        while (reader.Current.Kind is TokenKind.Add or TokenKind.Sub)
        {
            var token = reader.Read();
            var operation = token.Kind == TokenKind.Add ? BinaryOperator.Add : BinaryOperator.Subtract;
            left = new BinaryExpression(operation, left, ParseConcat(), token.Position);
        }

        return left;
    }

    private Expression ParseConcat()
    {
        var first = ParseProduct();
        if (reader.Current.Kind != TokenKind.Tilde)
            return first;
        var position = reader.Current.Position;
        var items = new List<Expression> { first };
        while (reader.TryRead(TokenKind.Tilde))
            items.Add(ParseProduct());
        return new ConcatExpression(items, position);
    }

    private Expression ParseProduct()
    {
        var left = ParsePower();
        while (ProductOperator(reader.Current.Kind) is { } operation)
            left = new BinaryExpression(operation, left, Position: reader.Read().Position, Right: ParsePower());
        return left;
    }

    private static BinaryOperator? ProductOperator(TokenKind kind) => kind switch
    {
        TokenKind.Mul => BinaryOperator.Multiply,
        TokenKind.Div => BinaryOperator.Divide,
        TokenKind.FloorDiv => BinaryOperator.FloorDivide,
        TokenKind.Mod => BinaryOperator.Modulo,
        _ => null,
    };

    private Expression ParsePower()
    {
        var left = ParseUnary();
        while (reader.Current.Kind == TokenKind.Pow)
            left = new BinaryExpression(BinaryOperator.Power, left, Position: reader.Read().Position, Right: ParseUnary());
        return left;
    }

    private Expression ParsePrimary()
    {
        var token = reader.Current;
        switch (token.Kind)
        {
            case TokenKind.Name:
                reader.Read();
                return NameOrConstant(token);
            case TokenKind.String:
                var value = reader.Read().Text;
                while (reader.Current.Kind == TokenKind.String)
                    value += reader.Read().Text;
                return new LiteralExpression(value, token.Position);
            case TokenKind.Integer or TokenKind.Float:
                return new LiteralExpression(reader.Read().Value, token.Position);
            case TokenKind.LeftParenthesis:
                reader.Read();
                var inner = ParseTuple(inParentheses: true);
                reader.Expect(TokenKind.RightParenthesis);
                return inner;
            case TokenKind.LeftBracket:
                return ParseList();
            case TokenKind.LeftBrace:
                return ParseDict();
            default:
                throw reader.Error($"unexpected {token.Describe()}");
        }
    }

    private Expression NameOrConstant(Token token)
    {
        switch (token.Text)
        {
            case "true" or "True":
                return new LiteralExpression(true, token.Position);
            case "false" or "False":
                return new LiteralExpression(false, token.Position);
            case "none" or "None":
                return new LiteralExpression(null, token.Position);
            default:
                names.Use(token.Text);
                return new NameExpression(token.Text, token.Position);
        }
    }

    private ListExpression ParseList()
    {
        var position = reader.Expect(TokenKind.LeftBracket).Position;
        var items = new List<Expression>();
        while (reader.Current.Kind != TokenKind.RightBracket)
        {
            items.Add(ParseExpression());
            if (!reader.TryRead(TokenKind.Comma))
                break;
        }

        reader.Expect(TokenKind.RightBracket);
        return new ListExpression(items, position);
    }

    private DictExpression ParseDict()
    {
        var position = reader.Expect(TokenKind.LeftBrace).Position;
        var pairs = new List<(Expression, Expression)>();
        while (reader.Current.Kind != TokenKind.RightBrace)
        {
            var key = ParseExpression();
            reader.Expect(TokenKind.Colon);
            pairs.Add((key, ParseExpression()));
            if (!reader.TryRead(TokenKind.Comma))
                break;
        }

        reader.Expect(TokenKind.RightBrace);
        return new DictExpression(pairs, position);
    }

    private Expression ParsePostfix(Expression value)
    {
        while (true)
        {
            switch (reader.Current.Kind)
            {
                case TokenKind.Dot:
                    value = ParseAttribute(value);
                    break;
                case TokenKind.LeftBracket:
                    value = ParseItem(value);
                    break;
                case TokenKind.LeftParenthesis:
                    var position = reader.Current.Position;
                    value = new CallExpression(value, ParseArguments(), position);
                    break;
                default:
                    return value;
            }
        }
    }

    private Expression ParseAttribute(Expression target)
    {
        var position = reader.Read().Position;
        var name = reader.Read();
        return name.Kind switch
        {
            TokenKind.Name => new AttributeExpression(target, name.Text, position),
            TokenKind.Integer => new ItemExpression(target, new LiteralExpression(name.Value, name.Position), position),
            _ => throw reader.Error("expected a name or a number after '.'", name.Position),
        };
    }

    private ItemExpression ParseItem(Expression target)
    {
        var position = reader.Expect(TokenKind.LeftBracket).Position;
        var keys = new List<Expression>();
        while (reader.Current.Kind != TokenKind.RightBracket)
        {
            if (keys.Count > 0)
                reader.Expect(TokenKind.Comma);
            keys.Add(ParseSubscript());
        }

        reader.Expect(TokenKind.RightBracket);
        return new ItemExpression(target, keys.Count == 1 ? keys[0] : new TupleExpression(keys, position), position);
    }

    private Expression ParseSubscript()
    {
        var position = reader.Current.Position;
        var start = reader.Current.Kind == TokenKind.Colon ? null : ParseExpression();
        if (!reader.TryRead(TokenKind.Colon))
            return start!;
        var stop = AtSliceEnd() ? null : ParseExpression();
        var step = reader.TryRead(TokenKind.Colon) && !AtSliceEnd() ? ParseExpression() : null;
        return new SliceExpression(start, stop, step, position);
    }

    private bool AtSliceEnd() =>
        reader.Current.Kind is TokenKind.Colon or TokenKind.RightBracket or TokenKind.Comma;
}
