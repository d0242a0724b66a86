namespace Tidemill.Jinja.Parsing;

/// <summary>What Jinja2's optimizer calculates while it compiles: literals, and operators and filters on them.</summary>
internal static class ConstantExpressions
{
    private static readonly HashSet<string> FiltersOfContext = ["map", "select", "reject", "selectattr", "rejectattr", "random"];

    public static bool IsConstant(Expression expression) => expression switch
    {
        LiteralExpression => true,
        ListExpression list => list.Items.All(IsConstant),
        TupleExpression tuple => tuple.Items.All(IsConstant),
        DictExpression dict => dict.Pairs.All(pair => IsConstant(pair.Key) && IsConstant(pair.Value)),
        UnaryExpression unary => IsConstant(unary.Operand),
        BinaryExpression binary => IsConstant(binary.Left) && IsConstant(binary.Right),
        LogicalExpression logical => IsConstant(logical.Left) && IsConstant(logical.Right),
        ConcatExpression concat => concat.Items.All(IsConstant),
        ComparisonExpression comparison => IsConstant(comparison.First) && comparison.Rest.All(rest => IsConstant(rest.Operand)),
        ConditionalExpression choice =>
            IsConstant(choice.Condition) && IsConstant(choice.Then) && choice.Else is { } other && IsConstant(other),
        AttributeExpression attribute => IsConstant(attribute.Target),
        ItemExpression item => IsConstant(item.Target) && IsConstant(item.Key),
        SliceExpression slice => IsPart(slice.Start) && IsPart(slice.Stop) && IsPart(slice.Step),
        FilterExpression filter => filter.Target is { } target && IsConstant(target) && AreConstant(filter.Arguments)
            && !FiltersOfContext.Contains(filter.Name),
        TestExpression test => IsConstant(test.Target) && AreConstant(test.Arguments),
        _ => false,
    };

    private static bool IsPart(Expression? part) => part is null || IsConstant(part);

    private static bool AreConstant(ArgumentList arguments) => arguments.Positional.All(IsConstant)
        && arguments.Keywords.All(keyword => IsConstant(keyword.Value)) && arguments.Spread is null && arguments.KeywordSpread is null;
}
