using System.Text;

namespace Tidemill.Jinja.Evaluation;

internal sealed partial class Interpreter
{
    public object? CallMacro(JinjaMacro macro, CallArguments arguments)
    {
        if (++_depth > _options.MaxDepth)
            throw new JinjaException($"macros call each other deeper than {_options.MaxDepth} levels");
        var outer = (_scope, _output, _templateName, _position, _depth);
        (_scope, _output) = (new Scope(macro.Scope), new StringBuilder());
        try
        {
            var misses = BindParameters(macro, arguments);
            _templateName = macro.TemplateName;
            if (misses)
                BindDefaults(macro, arguments);
            if (Execute(macro.Definition.Body) != Flow.Return)
                return _output.ToString();
            return macro.Returns ? _returned : throw new ReturnSignal(_returned);
        }
        catch (ReturnSignal signal) when (macro.Returns)
        {
            return signal.Value;
        }
        catch (JinjaException e)
        {
            throw (e.TemplateName is null ? Placed(e) : e).CalledBy(macro);
        }
        finally
        {
            (_scope, _output, _templateName, _position, _depth) = outer;
            _depth--;
        }
    }

    /// <summary>Sets the parameters that the call gives; an error of them stands where the call does. True if defaults are due.</summary>
    private bool BindParameters(JinjaMacro macro, CallArguments arguments)
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
                    : Members.Undefined($"parameter '{name}' was not provided"));
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
        return missing;
    }

    /// <summary>Defaults come last and in order, so that they see the other arguments.</summary>
    private void BindDefaults(JinjaMacro macro, CallArguments arguments)
    {
        var parameters = macro.Definition.Parameters;
        for (var i = arguments.Positional.Count; i < parameters.Count; i++)
        {
            var (name, value) = parameters[i];
            if (value is not null && !arguments.Keywords.Any(keyword => keyword.Key == name))
                _scope.Set(name, Evaluate(value));
        }
    }

    private void BindRest(JinjaMacro macro, CallArguments arguments, List<KeyValuePair<string, object?>> keywords)
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
                : $"macro {PythonString.Quote(macro.Name)} takes no keyword argument {PythonString.Quote(keywords[0].Key)}");
        }

        if (macro.Definition.CatchesPositional)
            _scope.Set("varargs", new JinjaTuple([.. arguments.Positional.Skip(count)]));
        else if (arguments.Positional.Count > count)
            throw new JinjaException($"macro {PythonString.Quote(macro.Name)} takes not more than {count} argument(s)");
    }
}
