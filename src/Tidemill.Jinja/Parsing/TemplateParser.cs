using Tidemill.Jinja.Lexing;

namespace Tidemill.Jinja.Parsing;

/// <summary>Parses a template's tokens into statements.</summary>
internal sealed partial class TemplateParser
{
    private readonly TokenReader _reader;
    private readonly JinjaOptions _options;
    private readonly ExpressionParser _expressions;
    private readonly MacroNames _names = new();

    private int _loops;

    private TemplateParser(TokenReader reader, JinjaOptions options)
    {
        (_reader, _options) = (reader, options);
        _expressions = new ExpressionParser(reader, _names);
    }

    /// <exception cref="JinjaException">The template is not well formed.</exception>
    public static IReadOnlyList<Statement> Parse(string name, string source, JinjaOptions options)
    {
        var text = new TemplateText(name, source, options.KeepTrailingNewline);
        var reader = new TokenReader(name, TemplateLexer.Tokenize(text, options), options.MaxDepth);
        return new TemplateParser(reader, options).ParseBody(opening: null);
    }

    /// <summary>Statements up to one of <paramref name="ends"/>, whose tag stays open behind its name.</summary>
    private List<Statement> ParseBody(Token? opening, params ReadOnlySpan<string> ends)
    {
        _reader.Enter();
        var body = new List<Statement>();
        while (true)
        {
            var token = _reader.Read();
            switch (token.Kind)
            {
                case TokenKind.Data:
                    body.Add(new TextStatement(token.Text, token.Position));
                    break;
                case TokenKind.VariableBegin:
                    var value = _expressions.ParseTuple();
                    _reader.Expect(TokenKind.VariableEnd);
                    body.Add(new PrintStatement(value, token.Position));
                    break;
                case TokenKind.BlockBegin when AtEnd(ends):
                    _reader.Leave();
                    return body;
                case TokenKind.BlockBegin:
                    body.Add(ParseStatement(opening, ends));
                    _reader.Expect(TokenKind.BlockEnd);
                    break;
                default:
                    if (opening is { } open)
                        throw _reader.Error($"'{open.Text}' is not closed: '{string.Join("' or '", ends)}' is missing", open.Position);
                    _reader.Leave();
                    return body;
            }
        }
    }

    /// <summary>The body behind a tag; a colon may end the tag, as in Python.</summary>
    private List<Statement> OpenBody(Token tag, params ReadOnlySpan<string> ends)
    {
        _reader.TryRead(TokenKind.Colon);
        _reader.Expect(TokenKind.BlockEnd);
        return ParseBody(tag, ends);
    }

    private bool AtEnd(ReadOnlySpan<string> ends) =>
        _reader.Current.Kind == TokenKind.Name && ends.Contains(_reader.Current.Text);

    private Statement ParseStatement(Token? opening, ReadOnlySpan<string> ends)
    {
        var tag = _reader.Expect(TokenKind.Name);
        switch (tag.Text)
        {
            case "if":
                return ParseIf(tag);
            case "for":
                return ParseFor(tag);
            case "set":
                return ParseSet(tag);
            case "macro":
                return new MacroStatement(ParseMacro(tag), tag.Position);
            case "call":
                return ParseCallBlock(tag);
            case "filter":
                return ParseFilterBlock(tag);
            case "with":
                return ParseWith(tag);
            case "do":
                return new DoStatement(_expressions.ParseTuple(), tag.Position);
            case "break" or "continue" when _loops > 0:
                return new LoopControlStatement(tag.Text == "break", tag.Position);
            case "break" or "continue":
                throw _reader.Error($"'{tag.Text}' stands outside of a loop", tag.Position);
            default:
                return ParseRareStatement(tag) ?? throw UnknownTag(tag, opening, ends);
        }
    }

    private JinjaException UnknownTag(Token tag, Token? opening, ReadOnlySpan<string> ends)
    {
        var expected = opening is { } open
            ? $"; '{open.Text}' of line {open.Position.Line} waits for '{string.Join("' or '", ends)}'"
            : "";
        return _reader.Error($"unknown tag '{tag.Text}'{expected}", tag.Position);
    }

    private IfStatement ParseIf(Token tag)
    {
        var branches = new List<(Expression, IReadOnlyList<Statement>)>();
        List<Statement> otherwise = [];
        do
        {
            var condition = _expressions.ParseTuple(withCondition: false);
            branches.Add((condition, OpenBody(tag, "elif", "else", "endif")));
        }
        while (_reader.TryRead("elif"));

        if (_reader.TryRead("else"))
            otherwise = OpenBody(tag, "endif");

        _reader.Expect("endif");
        return new IfStatement(branches, otherwise, tag.Position);
    }

    private ForStatement ParseFor(Token tag)
    {
        var target = ParseTarget(allowsAttribute: false);
        _reader.Expect("in");
        var items = _expressions.ParseTuple(withCondition: false);
        var condition = _reader.TryRead("if") ? _expressions.ParseExpression() : null;
        var isRecursive = _reader.TryRead("recursive");
        _loops++;
        var body = OpenBody(tag, "else", "endfor");
        _loops--;
        List<Statement> otherwise = [];
        if (_reader.TryRead("else"))
            otherwise = OpenBody(tag, "endfor");

        _reader.Expect("endfor");
        return new ForStatement(target, items, condition, isRecursive, body, otherwise, tag.Position);
    }

    private Statement ParseSet(Token tag)
    {
        var target = ParseTarget(allowsAttribute: true);
        if (_reader.TryRead(TokenKind.Assign))
            return new SetStatement(target, _expressions.ParseTuple(), tag.Position);
        var filter = _reader.Current.Kind == TokenKind.Pipe ? _expressions.ParseFilters(null, startsInline: false) : null;
        var body = OpenBody(tag, "endset");
        _reader.Expect("endset");
        return new SetBlockStatement(target, filter, body, tag.Position);
    }

    private MacroDefinition ParseMacro(Token tag)
    {
        var name = ParseTargetName().Name;
        var uses = _names.Open();
        var parameters = ParseParameters();
        var body = OpenFunctionBody(tag, "endmacro");
        _names.Close();
        return new MacroDefinition(name, parameters, body, uses.Varargs, uses.Kwargs, uses.Caller, tag.Position);
    }

    private List<(string, Expression?)> ParseParameters()
    {
        var parameters = new List<(string, Expression?)>();
        _reader.Expect(TokenKind.LeftParenthesis);
        while (_reader.Current.Kind != TokenKind.RightParenthesis)
        {
            if (parameters.Count > 0)
                _reader.Expect(TokenKind.Comma);
            var parameter = ParseTargetName();
            if (_options.TypedParameters && _reader.TryRead(TokenKind.Colon))
                SkipType();
            var defaultValue = _reader.TryRead(TokenKind.Assign) ? _expressions.ParseExpression() : null;
            if (defaultValue is null && parameters.Count > 0 && parameters[^1].Item2 is not null)
                throw _reader.Error("a parameter without a default stands after one with a default", parameter.Position);
            parameters.Add((parameter.Name, defaultValue));
        }

        _reader.Expect(TokenKind.RightParenthesis);
        return parameters;
    }

    private CallBlockStatement ParseCallBlock(Token tag)
    {
        var uses = _names.Open();
        var parameters = _reader.Current.Kind == TokenKind.LeftParenthesis ? ParseParameters() : [];
        var position = _reader.Current.Position;
        if (_expressions.ParseUnary() is not CallExpression call)
            throw _reader.Error("a call block wants a call of a macro", position);
        var body = OpenFunctionBody(tag, "endcall");
        _names.Close();
        var caller = new MacroDefinition("caller", parameters, body, uses.Varargs, uses.Kwargs, uses.Caller, tag.Position)
        {
            IsAnonymous = true,
        };
        return new CallBlockStatement(call, caller, tag.Position);
    }

    private FilterBlockStatement ParseFilterBlock(Token tag)
    {
        var filter = _expressions.ParseFilters(null, startsInline: true);
        var body = OpenBody(tag, "endfilter");
        _reader.Expect("endfilter");
        return new FilterBlockStatement(filter, body, tag.Position);
    }

    private WithStatement ParseWith(Token tag)
    {
        var assignments = new List<(AssignmentTarget, Expression)>();
        while (_reader.Current.Kind != TokenKind.BlockEnd)
        {
            if (assignments.Count > 0)
                _reader.Expect(TokenKind.Comma);
            var target = ParseTarget(allowsAttribute: false);
            _reader.Expect(TokenKind.Assign);
            assignments.Add((target, _expressions.ParseExpression()));
        }

        var body = OpenBody(tag, "endwith");
        _reader.Expect("endwith");
        return new WithStatement(assignments, body, tag.Position);
    }
}
