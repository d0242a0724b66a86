using System.Runtime.CompilerServices;
using System.Text;
using Tidemill.Jinja.Parsing;

namespace Tidemill.Jinja.Evaluation;

/// <summary>Runs a template's statements. One instance renders once, on one thread.</summary>
internal sealed partial class Interpreter(JinjaEnvironment environment, IJinjaContext context, CancellationToken cancellationToken)
{
    private readonly JinjaOptions _options = environment.Options;
    private readonly Dictionary<string, object?> _resolved = [];
    private StringBuilder _output = new();
    private Scope _scope = new(null);
    private string _templateName = "";
    private SourcePosition _position;
    private long _steps;
    private int _depth;

    private enum Flow { Next, Break, Continue }

    private List<(int Offset, SourcePosition Position, bool IsText)>? _map;
    private StringBuilder? _mapped;

    public SourcePosition Position => _position;

    public Members Members { get; } = new(environment.Options.Undefined);

    public string Render(JinjaTemplate template) => Guard(template, () =>
    {
        Execute(template.Body);
        return _output.ToString();
    });

    public JinjaRendering RenderMapped(JinjaTemplate template)
    {
        _map = [];
        _mapped = _output;
        var text = Render(template);
        return new JinjaRendering(text, _map);
    }

    /// <summary>Runs the template for the names it assigns at its top level, macros among them.</summary>
    public IReadOnlyDictionary<string, object?> Load(JinjaTemplate template) => Guard(template, () =>
    {
        Execute(template.Body);
        return _scope.Values;
    });

    public object? CallMacro(Macro macro, CallArguments arguments)
    {
        if (++_depth > _options.MaxDepth)
            throw new JinjaException($"macros call each other deeper than {_options.MaxDepth} levels");
        var (outerScope, outerTemplate, outerPosition) = (_scope, _templateName, _position);
        _scope = new Scope(macro.Scope);
        _templateName = macro.TemplateName;
        BindParameters(macro, arguments);
        var text = Capture(macro.Definition.Body);
        (_scope, _templateName, _position) = (outerScope, outerTemplate, outerPosition);
        _depth--;
        return text;
    }

    private T Guard<T>(JinjaTemplate template, Func<T> run)
    {
        _templateName = template.Name;
        _position = new SourcePosition(1, 1);
        try
        {
            return run();
        }
        catch (JinjaException e) when (e.TemplateName is null)
        {
            throw new JinjaException(e.Problem, _templateName, _position, e.InnerException);
        }
        catch (InsufficientExecutionStackException e)
        {
            throw new JinjaException("nested too deep to evaluate", _templateName, _position, e);
        }
    }

    private Flow Execute(IReadOnlyList<Statement> body)
    {
        for (var i = 0; i < body.Count; i++)
        {
            var flow = Execute(body[i]);
            if (flow != Flow.Next)
                return flow;
        }

        return Flow.Next;
    }

    private Flow Execute(Statement statement)
    {
        Step();
        if (ReferenceEquals(_output, _mapped))
            _map!.Add((_output.Length, statement.Position, statement is TextStatement));
        switch (statement)
        {
            case TextStatement text:
                Write(text.Text);
                break;
            case PrintStatement print:
                var value = Evaluate(print.Value);
                _position = print.Position;
                Write(JinjaValue.ToText(value));
                break;
            case IfStatement choice:
                return ExecuteIf(choice);
            case ForStatement loop:
                Loop(loop, Evaluate(loop.Items), depth0: 0);
                break;
            case LoopControlStatement control:
                return control.IsBreak ? Flow.Break : Flow.Continue;
            case SetStatement set:
                Assign(set.Target, Evaluate(set.Value));
                break;
            case SetBlockStatement set:
                Assign(set.Target, Filtered(set.Filter, CaptureInScope(set.Body)));
                break;
            case MacroStatement macro:
                _scope.Set(macro.Macro.Name, new Macro(macro.Macro, _scope, _templateName));
                break;
            case CallBlockStatement block:
                var caller = new Macro(block.Caller, _scope, _templateName);
                Write(JinjaValue.ToText(EvaluateCall(block.Call, caller)));
                break;
            case FilterBlockStatement block:
                Write(JinjaValue.ToText(Filtered(block.Filter, CaptureInScope(block.Body))));
                break;
            case WithStatement with:
                return ExecuteWith(with);
            case DoStatement action:
                Evaluate(action.Value);
                break;
        }

        return Flow.Next;
    }

    private Flow ExecuteIf(IfStatement statement)
    {
        foreach (var (condition, body) in statement.Branches)
        {
            var value = Evaluate(condition);
            _position = condition.Position;
            if (JinjaValue.IsTrue(value))
                return Execute(body);
        }

        return Execute(statement.Else);
    }

    private Flow ExecuteWith(WithStatement statement)
    {
        var values = statement.Assignments.Select(assignment => Evaluate(assignment.Value)).ToList();
        var outer = _scope;
        _scope = new Scope(outer);
        for (var i = 0; i < values.Count; i++)
            Assign(statement.Assignments[i].Target, values[i]);
        var flow = Execute(statement.Body);
        _scope = outer;
        return flow;
    }

    private void Loop(ForStatement statement, object? items, int depth0)
    {
        if (depth0 > 0 && ++_depth > _options.MaxDepth)
            throw new JinjaException($"loops call themselves deeper than {_options.MaxDepth} levels");
        _position = statement.Items.Position;
        var outer = _scope;
        var values = statement.Condition is null ? ValueSequences.Items(items) : Chosen(statement, items, outer);
        using var loop = new LoopContext(values, Members, depth0, statement.IsRecursive ? Recurse : null);
        var ran = false;
        var scope = new Scope(outer);
        while (loop.MoveNext())
        {
            Step();
            ran = true;
            _scope = scope;
            scope.Clear();
            scope.Set("loop", loop);
            Assign(statement.Target, loop.Current);
            var flow = Execute(statement.Body);
            _scope = outer;
            if (flow == Flow.Break)
                break;
        }

        if (!ran)
        {
            _scope = new Scope(outer);
            Execute(statement.Else);
            _scope = outer;
        }

        _depth -= depth0 > 0 ? 1 : 0;

        object? Recurse(object? inner)
        {
            var (output, inside) = (_output, _scope);
            (_output, _scope) = (new StringBuilder(), outer);
            Loop(statement, inner, depth0 + 1);
            var text = _output.ToString();
            (_output, _scope) = (output, inside);
            return text;
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
            var found = items.Count < target.Items.Count ? $"{items.Count}" : "more";
            throw new JinjaException($"{target.Items.Count} values are wanted to unpack, there are {found}");
        }

        for (var i = 0; i < items.Count; i++)
            Assign(target.Items[i], items[i]);
    }

    private object? Filtered(FilterExpression? filter, string text) =>
        filter is null ? text : EvaluateFilter(filter, blockValue: text);

    private string CaptureInScope(IReadOnlyList<Statement> body)
    {
        var outer = _scope;
        _scope = new Scope(outer);
        var text = Capture(body);
        _scope = outer;
        return text;
    }

    private string Capture(IReadOnlyList<Statement> body)
    {
        var outer = _output;
        _output = new StringBuilder();
        Execute(body);
        var text = _output.ToString();
        _output = outer;
        return text;
    }

    private void Write(string text)
    {
        _output.Append(text);
        if (_output.Length > _options.MaxOutputCharacters)
            throw new JinjaException($"the output is larger than {_options.MaxOutputCharacters} characters");
    }

    private void Step()
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (++_steps > _options.MaxSteps)
            throw new JinjaException($"rendering takes more than {_options.MaxSteps} steps");
        if ((_steps & 0xFFF) == 0)
            cancellationToken.ThrowIfCancellationRequested();
    }
}
