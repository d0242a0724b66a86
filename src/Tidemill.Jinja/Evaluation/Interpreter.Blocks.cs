using System.Text;
using Tidemill.Jinja.Parsing;

namespace Tidemill.Jinja.Evaluation;

internal sealed partial class Interpreter
{
    private Flow ExecuteBlock(Statement statement)
    {
        var flow = Flow.Next;
        switch (statement)
        {
            case SetBlockStatement set:
                var text = CaptureInScope(set.Body, ref flow);
                if (flow == Flow.Next)
                    Assign(set.Target, Filtered(set.Filter, text));
                break;
            case FilterBlockStatement block:
                var filtered = CaptureInScope(block.Body, ref flow);
                if (flow == Flow.Next)
                    Write(JinjaValue.ToText(Filtered(block.Filter, filtered)));
                break;
            case CallBlockStatement block:
                var caller = new JinjaMacro(block.Caller, _scope, _templateName);
                Write(JinjaValue.ToText(EvaluateCall(block.Call, Evaluate(block.Call.Target), caller)));
                break;
            case SequenceStatement sequence:
                return Execute(sequence.Body);
            case NamedBlockStatement block:
                return ExecuteInScope(block.Body, block.IsScoped ? _scope : _root);
            case AutoescapeStatement block:
                if (JinjaValue.IsTrue(Evaluate(block.IsOn)))
                    throw new JinjaException("'autoescape' cannot be switched on; use the filter 'escape'");
                return ExecuteInScope(block.Body, _scope);
            case LoadStatement load:
                Evaluate(load.Template);
                _position = load.Position;
                throw new JinjaException("no loader for this environment specified");
        }

        return flow;
    }

    private Flow ExecuteInScope(IReadOnlyList<Statement> body, Scope parent)
    {
        var outer = _scope;
        _scope = new Scope(parent);
        var flow = Execute(body);
        _scope = outer;
        return flow;
    }

    private Flow Loop(ForStatement statement, object? items, int depth0)
    {
        if (depth0 > 0 && ++_depth > _options.MaxDepth)
            throw new JinjaException($"loops call themselves deeper than {_options.MaxDepth} levels");
        _position = statement.Items.Position;
        var outer = _scope;
        var values = statement.Condition is null ? ValueSequences.Items(items) : Chosen(statement, items, outer);
        using var loop = new LoopContext(values, Members, depth0, statement.IsRecursive ? Recurse : null);
        var flow = Flow.Next;
        // Jinja2's quirk: for 'else' a loop has run if one of its bodies came to its end.
        var hasRun = false;
        var scope = new Scope(outer);
        while (flow is not (Flow.Break or Flow.Return) && loop.MoveNext())
        {
            Step();
            _scope = scope;
            scope.Clear();
            scope.Set("loop", loop);
            Assign(statement.Target, loop.Current);
            flow = Execute(statement.Body);
            hasRun |= flow == Flow.Next;
            _scope = outer;
        }

        if (flow != Flow.Return)
            flow = hasRun ? Flow.Next : ExecuteInScope(statement.Else, outer);
        _depth -= depth0 > 0 ? 1 : 0;
        return flow;

        object? Recurse(object? inner)
        {
            var (output, inside) = (_output, _scope);
            (_output, _scope) = (new StringBuilder(), outer);
            var innerFlow = Loop(statement, inner, depth0 + 1);
            var text = _output.ToString();
            (_output, _scope) = (output, inside);
            return innerFlow == Flow.Return ? throw new ReturnSignal(_returned) : text;
        }
    }

    /// <summary>The items a loop's <c>if</c> keeps, judged one by one in a scope of their own.</summary>
    private IEnumerable<object?> Chosen(ForStatement statement, object? items, Scope outer)
    {
        foreach (var item in ValueSequences.Items(items))
        {
            var inside = _scope;
            _scope = new Scope(outer);
            Assign(statement.Target, item);
            var isKept = JinjaValue.IsTrue(Evaluate(statement.Condition!));
            _scope = inside;
            if (isKept)
                yield return item;
        }
    }

    private void Assign(AssignmentTarget target, object? value)
    {
        switch (target)
        {
            case NameTarget name:
                _scope.Set(name.Name, value);
                break;
            case AttributeTarget attribute:
                _position = attribute.Position;
                if (Lookup(attribute.Name) is not JinjaNamespace space)
                    throw new JinjaException($"'{attribute.Name}' is no namespace(), so its attributes cannot be set");
                space.Attributes[attribute.Attribute] = value;
                break;
            case TupleTarget tuple:
                Unpack(tuple, value);
                break;
        }
    }

    private void Unpack(TupleTarget target, object? value)
    {
        _position = target.Position;
        var items = ValueSequences.Items(value).Take(target.Items.Count + 1).ToList();
        if (items.Count != target.Items.Count)
        {
            throw new JinjaException(items.Count < target.Items.Count
                ? $"not enough values to unpack (expected {target.Items.Count}, got {items.Count})"
                : $"too many values to unpack (expected {target.Items.Count})");
        }

        for (var i = 0; i < items.Count; i++)
            Assign(target.Items[i], items[i]);
    }

    private object? Filtered(FilterExpression? filter, string text) =>
        filter is null ? text : EvaluateFilter(filter, blockValue: text);

    private string CaptureInScope(IReadOnlyList<Statement> body, ref Flow flow)
    {
        var (outerScope, outerOutput) = (_scope, _output);
        (_scope, _output) = (new Scope(outerScope), new StringBuilder());
        flow = Execute(body);
        var text = _output.ToString();
        (_scope, _output) = (outerScope, outerOutput);
        return text;
    }
}
