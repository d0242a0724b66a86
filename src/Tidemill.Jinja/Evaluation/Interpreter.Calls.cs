using Tidemill.Jinja.Parsing;

namespace Tidemill.Jinja.Evaluation;

internal sealed partial class Interpreter
{
    /// <summary>Applies a filter by name, as <c>map('upper')</c> does.</summary>
    public object? ApplyFilter(string name, CallArguments arguments) => environment.Filters.TryGetValue(name, out var filter)
        ? Invoke(name, filter, arguments)
        : throw new JinjaException($"No filter named '{name}'.{Suggestion(name, environment.Filters.Keys)}");

    /// <summary>Applies a test by name, as <c>select('odd')</c> does.</summary>
    public bool ApplyTest(string name, CallArguments arguments) => environment.Tests.TryGetValue(name, out var test)
        ? JinjaValue.IsTrue(Invoke(name, test, arguments))
        : throw new JinjaException($"No test named '{name}'.{Suggestion(name, environment.Tests.Keys)}");

    public bool HasFilter(string name) => environment.Filters.ContainsKey(name);

    public bool HasTest(string name) => environment.Tests.ContainsKey(name);

    public CallArguments Arguments(params IReadOnlyList<object?> positional) => new(positional, [], this);

    /// <summary>Calls a value with arguments of this rendering.</summary>
    private static object? Call(object? target, CallArguments arguments)
    {
        if (target is JinjaUndefined undefined)
            return undefined.Behavior == UndefinedBehavior.Callable ? undefined : throw undefined.Error();
        if (target is not IJinjaCallable callable)
            throw new JinjaException($"{ValueText.Object(target)} is not callable");
        return Invoke(callable.Name, callable.Call, arguments);
    }

    private object? EvaluateCall(CallExpression call, object? target, JinjaMacro? caller)
    {
        var arguments = EvaluateArguments(call.Arguments, caller, out _, hasValue: false);
        _position = call.Position;
        return Call(target, arguments);
    }

    /// <summary>Evaluates a statement's value; false when it is <c>return()</c>, whose value is kept for the macro.</summary>
    private bool TryEvaluate(Expression expression, out object? value)
    {
        if (expression is not CallExpression call)
        {
            value = Evaluate(expression);
            return true;
        }

        Step();
        var target = Evaluate(call.Target);
        if (target is not JinjaReturn)
        {
            value = EvaluateCall(call, target, caller: null);
            return true;
        }

        value = null;
        var arguments = EvaluateArguments(call.Arguments, caller: null, out _, hasValue: false);
        _position = call.Position;
        _returned = JinjaReturn.Value(arguments);
        return false;
    }

    private object? EvaluateFilter(FilterExpression filter, string? blockValue)
    {
        var value = filter.Target is null ? blockValue : EvaluateTarget(filter.Target, blockValue);
        var arguments = EvaluateArguments(filter.Arguments, caller: null, out var positional, hasValue: true);
        positional[0] = value;
        _position = filter.Position;
        return ApplyFilter(filter.Name, arguments);
    }

    /// <summary>The value under a filter; in a filter block the innermost of the chain takes the block's text.</summary>
    private object? EvaluateTarget(Expression target, string? blockValue) =>
        blockValue is not null && target is FilterExpression inner ? EvaluateFilter(inner, blockValue) : Evaluate(target);

    private bool EvaluateTest(TestExpression test)
    {
        var value = Evaluate(test.Target);
        var arguments = EvaluateArguments(test.Arguments, caller: null, out var positional, hasValue: true);
        positional[0] = value;
        _position = test.Position;
        return ApplyTest(test.Name, arguments);
    }

    private CallArguments EvaluateArguments(ArgumentList list, JinjaMacro? caller, out object?[] positional, bool hasValue)
    {
        var offset = hasValue ? 1 : 0;
        positional = new object?[list.Positional.Count + offset];
        for (var i = 0; i < list.Positional.Count; i++)
            positional[i + offset] = Evaluate(list.Positional[i]);
        if (list.Spread is not null)
            positional = [.. positional, .. ValueSequences.Items(Evaluate(list.Spread))];
        if (list.Keywords.Count == 0 && list.KeywordSpread is null && caller is null)
            return new CallArguments(positional, [], this);
        var keywords = new List<KeyValuePair<string, object?>>();
        foreach (var (name, value) in list.Keywords)
            AddKeyword(keywords, name, Evaluate(value));
        if (list.KeywordSpread is not null)
            AddSpread(keywords, Evaluate(list.KeywordSpread));
        if (caller is not null)
            AddKeyword(keywords, "caller", caller);
        return new CallArguments(positional, keywords, this);
    }

    private static void AddSpread(List<KeyValuePair<string, object?>> keywords, object? spread)
    {
        if (spread is not JinjaDict dict)
            throw new JinjaException($"'**' wants a dict, not {ValueText.TypeName(spread)}");
        foreach (var (key, value) in dict)
            AddKeyword(keywords, key as string ?? throw new JinjaException("'**' wants a dict whose keys are strings"), value);
    }

    private static void AddKeyword(List<KeyValuePair<string, object?>> keywords, string name, object? value)
    {
        if (keywords.Exists(keyword => keyword.Key == name))
            throw new JinjaException($"the argument '{name}' is given twice");
        keywords.Add(new(name, value));
    }

    /// <summary>Calls a function; what a host's function throws becomes the inner exception of the template's error.</summary>
    private static object? Invoke(string name, JinjaFunction function, CallArguments arguments)
    {
        try
        {
            var result = function(arguments);
            return result is null or string or long or bool ? result : JinjaValue.From(result);
        }
        catch (Exception e) when (e is not
            (JinjaException or ReturnSignal or OperationCanceledException or InsufficientExecutionStackException))
        {
            throw new JinjaException($"{name}: {e.Message}", e);
        }
    }

    private static string Suggestion(string name, IEnumerable<string> known)
    {
        var near = known.FirstOrDefault(other => other.Length > 2
            && (other.StartsWith(name, StringComparison.OrdinalIgnoreCase) || name.StartsWith(other, StringComparison.OrdinalIgnoreCase)));
        return near is null ? "" : $" Did you mean '{near}'?";
    }
}
