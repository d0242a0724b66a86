namespace Tidemill.Jinja.Parsing;

internal enum BinaryOperator { Add, Subtract, Multiply, Divide, FloorDivide, Modulo, Power }

internal enum ComparisonOperator { Equal, NotEqual, Greater, GreaterOrEqual, Less, LessOrEqual, In, NotIn }

internal enum UnaryOperator { Negate, Plus, Not }

internal abstract record Expression(SourcePosition Position);

internal sealed record LiteralExpression(object? Value, SourcePosition Position) : Expression(Position);

internal sealed record NameExpression(string Name, SourcePosition Position) : Expression(Position);

internal sealed record ListExpression(IReadOnlyList<Expression> Items, SourcePosition Position) : Expression(Position);

internal sealed record TupleExpression(IReadOnlyList<Expression> Items, SourcePosition Position) : Expression(Position);

internal sealed record DictExpression(
    IReadOnlyList<(Expression Key, Expression Value)> Pairs, SourcePosition Position) : Expression(Position);

internal sealed record UnaryExpression(UnaryOperator Operator, Expression Operand, SourcePosition Position)
    : Expression(Position);

internal sealed record BinaryExpression(
    BinaryOperator Operator, Expression Left, Expression Right, SourcePosition Position) : Expression(Position);

/// <summary><c>and</c> and <c>or</c>: the result is one of the operands, as in Python.</summary>
internal sealed record LogicalExpression(bool IsAnd, Expression Left, Expression Right, SourcePosition Position)
    : Expression(Position);

internal sealed record ConcatExpression(IReadOnlyList<Expression> Items, SourcePosition Position) : Expression(Position);

/// <summary>A chain <c>a &lt; b &lt;= c</c>: true when each neighbouring pair compares true.</summary>
internal sealed record ComparisonExpression(
    Expression First, IReadOnlyList<(ComparisonOperator Operator, Expression Operand)> Rest, SourcePosition Position)
    : Expression(Position);

internal sealed record ConditionalExpression(
    Expression Condition, Expression Then, Expression? Else, SourcePosition Position) : Expression(Position);

internal sealed record AttributeExpression(Expression Target, string Name, SourcePosition Position) : Expression(Position);

internal sealed record ItemExpression(Expression Target, Expression Key, SourcePosition Position) : Expression(Position);

internal sealed record SliceExpression(
    Expression? Start, Expression? Stop, Expression? Step, SourcePosition Position) : Expression(Position);

/// <summary>The arguments as written: positional, by name, <c>*args</c>, <c>**kwargs</c>.</summary>
internal sealed record ArgumentList(
    IReadOnlyList<Expression> Positional,
    IReadOnlyList<(string Name, Expression Value)> Keywords,
    Expression? Spread,
    Expression? KeywordSpread)
{
    public static ArgumentList Empty { get; } = new([], [], null, null);
}

internal sealed record CallExpression(Expression Target, ArgumentList Arguments, SourcePosition Position)
    : Expression(Position);

/// <summary>A filter; <paramref name="Target"/> is null at the head of a filter block, which supplies the value.</summary>
internal sealed record FilterExpression(
    Expression? Target, string Name, ArgumentList Arguments, SourcePosition Position) : Expression(Position);

internal sealed record TestExpression(
    Expression Target, string Name, ArgumentList Arguments, SourcePosition Position) : Expression(Position);
