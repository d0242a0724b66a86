using Tidemill.Jinja.Lexing;

namespace Tidemill.Jinja.Parsing;

/// <summary>Tags that few templates have, and the block tags of the host.</summary>
internal sealed partial class TemplateParser
{
    private readonly HashSet<string> _blockNames = [];

    private Statement? ParseRareStatement(Token tag)
    {
        switch (tag.Text)
        {
            case "print":
                return ParsePrint(tag);
            case "block":
                return ParseNamedBlock(tag);
            case "autoescape":
                var isOn = _expressions.ParseExpression();
                var body = OpenBody(tag, "endautoescape");
                _reader.Expect("endautoescape");
                return new AutoescapeStatement(isOn, body, tag.Position);
            case "include" or "import" or "from" or "extends":
                return ParseLoad(tag);
            default:
                return _options.BlockTags.FirstOrDefault(known => known.Name == tag.Text) is { } block ? ParseDefinition(tag, block) : null;
        }
    }

    /// <summary>The body of a macro: loops around it cannot be left from there.</summary>
    private List<Statement> OpenFunctionBody(Token tag, string end)
    {
        var outer = _loops;
        _loops = 0;
        var body = OpenBody(tag, end);
        _reader.Expect(end);
        _loops = outer;
        return body;
    }

    private SequenceStatement ParsePrint(Token tag)
    {
        var values = new List<Statement>();
        while (_reader.Current.Kind != TokenKind.BlockEnd)
        {
            if (values.Count > 0)
                _reader.Expect(TokenKind.Comma);
            var value = _expressions.ParseExpression();
            values.Add(new PrintStatement(value, value.Position));
        }

        return new SequenceStatement(values, tag.Position);
    }

    private NamedBlockStatement ParseNamedBlock(Token tag)
    {
        var name = _reader.Expect(TokenKind.Name).Text;
        if (!_blockNames.Add(name))
            throw _reader.Error($"block '{name}' is defined twice", tag.Position);
        var isScoped = _reader.TryRead("scoped");
        if (_reader.TryRead("required"))
            throw _reader.Error($"block '{name}' is required, and no template can extend this one", tag.Position);
        var body = OpenFunctionBody(tag, "endblock");
        _reader.TryRead(name);
        return new NamedBlockStatement(name, isScoped, body, tag.Position);
    }

    private LoadStatement ParseLoad(Token tag)
    {
        var template = _expressions.ParseExpression();
        switch (tag.Text)
        {
            case "include" when _reader.TryRead("ignore"):
                _reader.Expect("missing");
                break;
            case "import":
                _reader.Expect("as");
                ParseTargetName();
                break;
            case "from":
                _reader.Expect("import");
                ParseImportedNames();
                break;
        }

        if (tag.Text != "extends" && (_reader.TryRead("with") || _reader.TryRead("without")))
            _reader.Expect("context");
        return new LoadStatement(template, tag.Position);
    }

    private void ParseImportedNames()
    {
        do
        {
            if (_reader.Current.Text is "with" or "without" && _reader.Following.Is("context"))
                return;
            var name = ParseTargetName();
            if (name.Name.StartsWith('_'))
                throw _reader.Error("a name that starts with '_' cannot be imported", name.Position);
            if (_reader.TryRead("as"))
                ParseTargetName();
        }
        while (_reader.TryRead(TokenKind.Comma));
    }

    private DefinitionStatement ParseDefinition(Token tag, JinjaBlockTag block)
    {
        var name = ParseTargetName().Name;
        var uses = _names.Open();
        var parameters = block.Head == JinjaBlockHead.Parameters ? ParseParameters() : [];
        var options = block.Head == JinjaBlockHead.Options ? ParseOptions(name, block) : [];
        var body = OpenFunctionBody(tag, block.End);
        _names.Close();
        var definition = new MacroDefinition(name, parameters, body, uses.Varargs, uses.Kwargs, uses.Caller, tag.Position)
        {
            Tag = tag.Text,
            Options = options,
        };
        return new DefinitionStatement(definition, tag.Position);
    }

    private Dictionary<string, object?> ParseOptions(string name, JinjaBlockTag block)
    {
        var options = new Dictionary<string, object?>();
        while (_reader.TryRead(TokenKind.Comma))
        {
            var option = ParseTargetName();
            if (!block.OptionNames.Contains(option.Name))
                throw _reader.Error($"{block.Name} '{name}' received unknown argument '{option.Name}'.", option.Position);
            options[option.Name] = _reader.TryRead(TokenKind.Assign) ? OptionValue(_expressions.ParseExpression()) : true;
        }

        return options;
    }

    private object? OptionValue(Expression expression) => expression switch
    {
        LiteralExpression literal => literal.Value,
        ListExpression list => new JinjaList(list.Items.Select(OptionValue)),
        TupleExpression tuple => new JinjaList(tuple.Items.Select(OptionValue)),
        _ => throw _reader.Error("an option's value is a literal, or a list of literals", expression.Position),
    };

    /// <summary>The type of a parameter, <c>name[type, ...]</c>. It is documentation, as in dbt.</summary>
    private void SkipType()
    {
        _reader.Enter();
        _reader.Expect(TokenKind.Name);
        if (_reader.TryRead(TokenKind.LeftBracket))
        {
            do
                SkipType();
            while (_reader.TryRead(TokenKind.Comma));
            _reader.Expect(TokenKind.RightBracket);
        }

        _reader.Leave();
    }
}
