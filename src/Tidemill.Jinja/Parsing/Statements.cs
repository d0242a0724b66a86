namespace Tidemill.Jinja.Parsing;

internal abstract record Statement(SourcePosition Position);

internal sealed record TextStatement(string Text, SourcePosition Position) : Statement(Position);

internal sealed record PrintStatement(Expression Value, SourcePosition Position) : Statement(Position);

/// <summary>What <c>set</c> and <c>for</c> assign to: a name, an attribute of a namespace, or a tuple of these.</summary>
internal abstract record AssignmentTarget(SourcePosition Position);

internal sealed record NameTarget(string Name, SourcePosition Position) : AssignmentTarget(Position);

internal sealed record AttributeTarget(string Name, string Attribute, SourcePosition Position)
    : AssignmentTarget(Position);

internal sealed record TupleTarget(IReadOnlyList<AssignmentTarget> Items, SourcePosition Position)
    : AssignmentTarget(Position);

internal sealed record IfStatement(
    IReadOnlyList<(Expression Condition, IReadOnlyList<Statement> Body)> Branches,
    IReadOnlyList<Statement> Else,
    SourcePosition Position) : Statement(Position);

internal sealed record ForStatement(
    AssignmentTarget Target,
    Expression Items,
    Expression? Condition,
    bool IsRecursive,
    IReadOnlyList<Statement> Body,
    IReadOnlyList<Statement> Else,
    SourcePosition Position) : Statement(Position);

internal sealed record LoopControlStatement(bool IsBreak, SourcePosition Position) : Statement(Position);

internal sealed record SetStatement(AssignmentTarget Target, Expression Value, SourcePosition Position)
    : Statement(Position);

/// <summary><c>{% set x %}...{% endset %}</c>; the filters apply to the rendered body.</summary>
internal sealed record SetBlockStatement(
    AssignmentTarget Target, FilterExpression? Filter, IReadOnlyList<Statement> Body, SourcePosition Position)
    : Statement(Position);

internal sealed record WithStatement(
    IReadOnlyList<(AssignmentTarget Target, Expression Value)> Assignments,
    IReadOnlyList<Statement> Body,
    SourcePosition Position) : Statement(Position);

/// <summary>
/// A macro's parameters and body. It takes surplus arguments only if its body names <c>varargs</c> or <c>kwargs</c>,
/// and a call block only if it names <c>caller</c>, as in Jinja2.
/// </summary>
internal sealed record MacroDefinition(
    string Name,
    IReadOnlyList<(string Name, Expression? Default)> Parameters,
    IReadOnlyList<Statement> Body,
    bool CatchesPositional,
    bool CatchesKeywords,
    bool UsesCaller,
    SourcePosition Position)
{
    public string Tag { get; init; } = "macro";

    /// <summary>The body of a call block, which has no name of its own.</summary>
    public bool IsAnonymous { get; init; }

    public IReadOnlyDictionary<string, object?> Options { get; init; } = NoOptions;

    private static readonly Dictionary<string, object?> NoOptions = [];
}

internal sealed record MacroStatement(MacroDefinition Macro, SourcePosition Position) : Statement(Position);

internal sealed record CallBlockStatement(CallExpression Call, MacroDefinition Caller, SourcePosition Position)
    : Statement(Position);

internal sealed record FilterBlockStatement(
    FilterExpression Filter, IReadOnlyList<Statement> Body, SourcePosition Position) : Statement(Position);

/// <summary>What a block tag of the host defines; rendering passes over it.</summary>
internal sealed record DefinitionStatement(MacroDefinition Definition, SourcePosition Position) : Statement(Position);

/// <summary>Statements in the scope around them: the values of a <c>print</c> tag.</summary>
internal sealed record SequenceStatement(IReadOnlyList<Statement> Body, SourcePosition Position) : Statement(Position);

/// <summary><c>block</c>: its body in a scope that sees the template's own names only.</summary>
internal sealed record NamedBlockStatement(string Name, bool IsScoped, IReadOnlyList<Statement> Body, SourcePosition Position)
    : Statement(Position);

internal sealed record AutoescapeStatement(Expression IsOn, IReadOnlyList<Statement> Body, SourcePosition Position) : Statement(Position);

/// <summary>
/// <c>include</c>, <c>import</c>, <c>from</c> and <c>extends</c>. There are no other templates to load, as in dbt: executing one is
/// an error, one that is not reached is not.
/// </summary>
internal sealed record LoadStatement(Expression Template, SourcePosition Position) : Statement(Position);

internal sealed record DoStatement(Expression Value, SourcePosition Position) : Statement(Position);
