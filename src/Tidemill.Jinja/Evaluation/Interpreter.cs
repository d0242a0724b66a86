using System.Runtime.CompilerServices;
using System.Text;
using Tidemill.Jinja.Parsing;

namespace Tidemill.Jinja.Evaluation;

/// <summary>Runs a template's statements. One instance renders once, on one thread.</summary>
internal sealed partial class Interpreter(JinjaEnvironment environment, IJinjaContext context, CancellationToken cancellationToken)
{
    private readonly JinjaOptions _options = environment.Options;
    private readonly Dictionary<string, object?> _resolved = [];
    private readonly Scope _root = new(null);
    private Scope _scope = new(null);
    private StringBuilder _output = new();
    private string _templateName = "";
    private SourcePosition _position;
    private object? _returned;
    private Expression? _printed;
    private long _steps;
    private int _depth;

    private List<(int Offset, SourcePosition Position, bool IsText)>? _map;
    private StringBuilder? _mapped;
    private StringBuilder? _native;
    private object? _nativeValue = BoundArguments.Missing;
    private int _nativeWrites;

    private enum Flow { Next, Break, Continue, Return }

    public SourcePosition Position => _position;

    public Members Members { get; } = new(environment.Options.Undefined);

    public string Render(JinjaTemplate template) => Guard(template.Name, () =>
    {
        ExecuteAll(template);
        return _output.ToString();
    });

    public JinjaRendering RenderMapped(JinjaTemplate template)
    {
        _map = [];
        _mapped = _output;
        var text = Render(template);
        return new JinjaRendering(text, _map);
    }

    /// <summary>The value printed, if the template prints one and nothing else, or its text.</summary>
    public object? RenderNative(JinjaTemplate template) => Guard(template.Name, () =>
    {
        _native = _output;
        ExecuteAll(template);
        return _nativeWrites == 1 && !ReferenceEquals(_nativeValue, BoundArguments.Missing) ? _nativeValue : _output.ToString();
    });

    /// <summary>Runs the template for the names it assigns at its top level, macros among them.</summary>
    public IReadOnlyDictionary<string, object?> Load(JinjaTemplate template) => Guard(template.Name, () =>
    {
        ExecuteAll(template);
        return _scope.Values;
    });

    /// <summary>Calls a macro or function of the host outside of any template.</summary>
    public object? CallAlone(IJinjaCallable callable, CallArguments arguments) =>
        Guard(callable.Name, () => Call(callable, arguments));

    private T Guard<T>(string name, Func<T> run)
    {
        (_templateName, _position, _scope) = (name, new SourcePosition(1, 1), _root);
        try
        {
            return run();
        }
        catch (Exception e) when (e is JinjaException { TemplateName: null } or InsufficientExecutionStackException or ReturnSignal)
        {
            throw Placed(e);
        }
    }

    /// <summary>An error of what is being evaluated, with the place of it.</summary>
    private JinjaException Placed(Exception error) => error switch
    {
        JinjaException e => new JinjaException(e.Problem, _templateName, _position, e.InnerException),
        ReturnSignal => new JinjaException("return() stands outside of a macro", _templateName, _position),
        _ => new JinjaException("nested too deep to evaluate", _templateName, _position, error),
    };

    private void ExecuteAll(JinjaTemplate template)
    {
        if (Execute(template.Body) == Flow.Return)
            throw new ReturnSignal(_returned);
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
                _printed = print.Value;
                if (!TryEvaluate(print.Value, out var value))
                    return Flow.Return;
                _printed = null;
                _position = print.Position;
                if (ReferenceEquals(_output, _native))
                    _nativeValue = IsFolded(print.Value, value) ? BoundArguments.Missing : value;
                Write(JinjaValue.ToText(value));
                break;
            case DoStatement action:
                return TryEvaluate(action.Value, out _) ? Flow.Next : Flow.Return;
            case IfStatement choice:
                return ExecuteIf(choice);
            case ForStatement loop:
                return Loop(loop, Evaluate(loop.Items), depth0: 0);
            case LoopControlStatement control:
                return control.IsBreak ? Flow.Break : Flow.Continue;
            case SetStatement set:
                Assign(set.Target, Evaluate(set.Value));
                break;
            case WithStatement with:
                return ExecuteWith(with);
            case MacroStatement macro:
                _scope.Set(macro.Macro.Name, new JinjaMacro(macro.Macro, _scope, _templateName));
                break;
            default:
                return ExecuteBlock(statement);
        }

        return Flow.Next;
    }

    /// <summary>Whether Jinja2 calculates the value while it compiles, which makes it text; iterators it leaves.</summary>
    private static bool IsFolded(Expression expression, object? value) =>
        value is not (JinjaUndefined or JinjaGenerator or DictView or IJinjaCallable or IJinjaObject)
        && ConstantExpressions.IsConstant(expression);

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

    private void Write(string text)
    {
        _nativeWrites += ReferenceEquals(_output, _native) ? 1 : 0;
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
