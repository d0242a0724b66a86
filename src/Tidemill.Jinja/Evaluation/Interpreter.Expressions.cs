using System.Text;
using Tidemill.Jinja.Parsing;

namespace Tidemill.Jinja.Evaluation;

internal sealed partial class Interpreter
{
    private object? Evaluate(Expression expression)
    {
        Step();
        switch (expression)
        {
            case LiteralExpression literal:
                return literal.Value;
            case NameExpression name:
                _position = name.Position;
                return Lookup(name.Name);
            case AttributeExpression attribute:
                var target = Evaluate(attribute.Target);
                _position = attribute.Position;
                return Members.Attribute(target, attribute.Name);
            case CallExpression call:
                return EvaluateCall(call, Evaluate(call.Target), caller: null);
            case FilterExpression filter:
                return EvaluateFilter(filter, blockValue: null);
            case TestExpression test:
                return EvaluateTest(test);
            case ItemExpression item:
                return EvaluateItem(item);
            case BinaryExpression binary:
                var (left, right) = (Evaluate(binary.Left), Evaluate(binary.Right));
                _position = binary.Position;
                return Arithmetic.Apply(binary.Operator, left, right);
            case ComparisonExpression comparison:
                return EvaluateComparison(comparison);
            case LogicalExpression logical:
                var first = Evaluate(logical.Left);
                _position = logical.Position;
                return JinjaValue.IsTrue(first) == logical.IsAnd ? Evaluate(logical.Right) : first;
            case UnaryExpression unary:
                return EvaluateUnary(unary);
            case ConcatExpression concat:
                return EvaluateConcat(concat);
            case ConditionalExpression choice:
                return EvaluateConditional(choice);
            case ListExpression list:
                return new JinjaList(EvaluateAll(list.Items));
            case TupleExpression tuple:
                return new JinjaTuple(EvaluateAll(tuple.Items));
            case DictExpression dict:
                return EvaluateDict(dict);
            default:
                _position = expression.Position;
                throw new JinjaException("a slice stands outside of an item");
        }
    }

    private object?[] EvaluateAll(IReadOnlyList<Expression> expressions)
    {
        var values = expressions.Count == 0 ? [] : new object?[expressions.Count];
        for (var i = 0; i < values.Length; i++)
            values[i] = Evaluate(expressions[i]);
        return values;
    }

    /// <summary>A name's value: assigned in the template, else the context's, else a global.</summary>
    private object? Lookup(string name)
    {
        if (_scope.TryGet(name, out var value) || _resolved.TryGetValue(name, out value))
            return value;
        if (!context.TryResolve(name, out value) && !environment.Globals.TryGetValue(name, out value))
            return Members.NameUndefined(name);
        return _resolved[name] = JinjaValue.From(value);
    }

    private object? EvaluateItem(ItemExpression item)
    {
        var target = Evaluate(item.Target);
        if (item.Key is not SliceExpression slice)
        {
            var key = Evaluate(item.Key);
            _position = item.Position;
            return Members.Item(target, key);
        }

        var start = slice.Start is null ? null : Evaluate(slice.Start);
        var stop = slice.Stop is null ? null : Evaluate(slice.Stop);
        var step = slice.Step is null ? null : Evaluate(slice.Step);
        _position = item.Position;
        // Jinja2 calculates a printed constant while it compiles, where what cannot be sliced is undefined and no error.
        return target is null or bool or long or double or JinjaDict && _printed is { } printed && ConstantExpressions.IsConstant(printed)
            ? Members.Undefined($"{ValueText.Object(target)} is not subscriptable") : Members.Slice(target, start, stop, step);
    }

    private bool EvaluateComparison(ComparisonExpression comparison)
    {
        var left = Evaluate(comparison.First);
        foreach (var (operation, operand) in comparison.Rest)
        {
            var right = Evaluate(operand);
            _position = comparison.Position;
            if (!Compare(operation, left, right))
                return false;
            left = right;
        }

        return true;
    }

    internal static bool Compare(ComparisonOperator operation, object? left, object? right)
    {
        switch (operation)
        {
            case ComparisonOperator.Equal or ComparisonOperator.NotEqual:
                (left as JinjaUndefined)?.RequireLenient();
                (right as JinjaUndefined)?.RequireLenient();
                return ValueEquality.AreEqual(left, right) == (operation == ComparisonOperator.Equal);
            case ComparisonOperator.In or ComparisonOperator.NotIn:
                return ValueSequences.Contains(right, left) == (operation == ComparisonOperator.In);
        }

        if (left is double.NaN || right is double.NaN)
            return false;
        return operation switch
        {
            ComparisonOperator.Less => ValueEquality.Compare(left, right) < 0,
            ComparisonOperator.LessOrEqual => ValueEquality.Compare(left, right, "<=") <= 0,
            ComparisonOperator.Greater => ValueEquality.Compare(left, right, ">") > 0,
            _ => ValueEquality.Compare(left, right, ">=") >= 0,
        };
    }

    private object? EvaluateUnary(UnaryExpression unary)
    {
        var operand = Evaluate(unary.Operand);
        _position = unary.Position;
        return unary.Operator switch
        {
            UnaryOperator.Not => !JinjaValue.IsTrue(operand),
            UnaryOperator.Negate => Arithmetic.Negate(operand),
            _ => Arithmetic.Plus(operand),
        };
    }

    private string EvaluateConcat(ConcatExpression concat)
    {
        var result = new StringBuilder();
        foreach (var item in concat.Items)
        {
            var value = Evaluate(item);
            _position = item.Position;
            result.Append(JinjaValue.ToText(value));
            if (result.Length > _options.MaxOutputCharacters)
                throw new JinjaException("a string is too long");
        }

        return result.ToString();
    }

    private object? EvaluateConditional(ConditionalExpression choice)
    {
        var condition = Evaluate(choice.Condition);
        _position = choice.Position;
        if (JinjaValue.IsTrue(condition))
            return Evaluate(choice.Then);
        return choice.Else is null
            ? new JinjaUndefined("an inline 'if' was false and has no 'else'", UndefinedBehavior.Lenient)
            : Evaluate(choice.Else);
    }

    private JinjaDict EvaluateDict(DictExpression expression)
    {
        var dict = new JinjaDict();
        foreach (var (key, value) in expression.Pairs)
        {
            var (evaluatedKey, evaluated) = (Evaluate(key), Evaluate(value));
            _position = key.Position;
            dict[evaluatedKey] = evaluated;
        }

        return dict;
    }
}
