using Tidemill.Jinja.Parsing;

namespace Tidemill.Jinja.Evaluation;

internal sealed partial class Interpreter
{
    /// <summary>Applies a filter by name, as <c>map('upper')</c> does.</summary>
    public object? ApplyFilter(string name, CallArguments arguments) => environment.Filters.TryGetValue(name, out var filter)
        ? Invoke(name, filter, arguments)
        : throw new JinjaException($"no filter is named '{name}'{Suggestion(name, environment.Filters.Keys)}");

    /// <summary>Applies a test by name, as <c>select('odd')</c> does.</summary>
    public bool ApplyTest(string name, CallArguments arguments) => environment.Tests.TryGetValue(name, out var test)
        ? JinjaValue.IsTrue(Invoke(name, test, arguments))
        : throw new JinjaException($"no test is named '{name}'{Suggestion(name, environment.Tests.Keys)}");

    public bool HasFilter(string name) => environment.Filters.ContainsKey(name);

    public bool HasTest(string name) => environment.Tests.ContainsKey(name);

    public CallArguments Arguments(params IReadOnlyList<object?> positional) => new(positional, [], this);

    /// <summary>Calls a value with arguments of this rendering.</summary>
    private static object? Call(object? target, CallArguments arguments)
    {
        if (target is JinjaUndefined undefined)
            throw undefined.Error();
        if (target is not IJinjaCallable callable)
            throw new JinjaException($"{ValueText.TypeName(target)} cannot be called");
        return Invoke(callable.Name, callable.Call, arguments);
    }

    private object? EvaluateCall(CallExpression call, Macro? caller)
    {
        var target = Evaluate(call.Target);
        var arguments = EvaluateArguments(call.Arguments, caller, out _, hasValue: false);
        _position = call.Position;
        return Call(target, arguments);
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

    private CallArguments EvaluateArguments(ArgumentList list, Macro? caller, out object?[] positional, bool hasValue)
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
        catch (Exception e) when (e is not (JinjaException or OperationCanceledException or InsufficientExecutionStackException))
        {
            throw new JinjaException($"{name}: {e.Message}", e);
        }
    }

    private void BindParameters(Macro macro, CallArguments arguments)
    {
        var definition = macro.Definition;
        var parameters = definition.Parameters;
        var left = new List<KeyValuePair<string, object?>>(arguments.Keywords);
        object? caller = null;
        var missing = false;
        for (var i = 0; i < parameters.Count; i++)
        {
            var name = parameters[i].Name;
            var named = left.FindIndex(keyword => keyword.Key == name);
            if (i < arguments.Positional.Count && named >= 0)
                throw new JinjaException($"macro '{macro.Name}' got two values for '{name}'");
            if (named < 0)
            {
                _scope.Set(name, i < arguments.Positional.Count ? arguments.Positional[i]
                    : Members.Undefined($"parameter '{name}' was not given"));
                missing |= i >= arguments.Positional.Count && parameters[i].Default is not null;
                continue;
            }

            _scope.Set(name, left[named].Value);
            left.RemoveAt(named);
        }

        var callerAt = left.FindIndex(keyword => keyword.Key == "caller");
        if (definition.UsesCaller && callerAt >= 0)
        {
            caller = left[callerAt].Value;
            left.RemoveAt(callerAt);
        }

        if (definition.UsesCaller && !parameters.Any(parameter => parameter.Name == "caller"))
            _scope.Set("caller", caller ?? Members.Undefined("no caller is defined"));
        BindRest(macro, arguments, left);
        if (missing)
            BindDefaults(macro, arguments);
    }

    /// <summary>Defaults come last and in order, so that they see the other arguments.</summary>
    private void BindDefaults(Macro macro, CallArguments arguments)
    {
        var parameters = macro.Definition.Parameters;
        for (var i = arguments.Positional.Count; i < parameters.Count; i++)
        {
            var (name, value) = parameters[i];
            if (value is not null && !arguments.Keywords.Any(keyword => keyword.Key == name))
                _scope.Set(name, Evaluate(value));
        }
    }

    private void BindRest(Macro macro, CallArguments arguments, List<KeyValuePair<string, object?>> keywords)
    {
        var count = macro.Definition.Parameters.Count;
        if (macro.Definition.CatchesKeywords)
        {
            var dict = new JinjaDict();
            foreach (var (name, value) in keywords)
                dict[name] = value;
            _scope.Set("kwargs", dict);
        }
        else if (keywords.Count > 0)
        {
            throw new JinjaException(keywords[0].Key == "caller"
                ? $"macro '{macro.Name}' does not call 'caller', so a call block cannot use it"
                : $"macro '{macro.Name}' has no parameter '{keywords[0].Key}'");
        }

        if (macro.Definition.CatchesPositional)
            _scope.Set("varargs", new JinjaTuple([.. arguments.Positional.Skip(count)]));
        else if (arguments.Positional.Count > count)
            throw new JinjaException($"macro '{macro.Name}' takes at most {count} arguments, {arguments.Positional.Count} were given");
    }

    private static string Suggestion(string name, IEnumerable<string> known)
    {
        var near = known.FirstOrDefault(other => other.Length > 2
            && (other.StartsWith(name, StringComparison.OrdinalIgnoreCase) || name.StartsWith(other, StringComparison.OrdinalIgnoreCase)));
        return near is null ? "" : $"; did you mean '{near}'?";
    }
}
