using Tidemill.Jinja.Lexing;

namespace Tidemill.Jinja.Parsing;

/// <summary>What <c>set</c>, <c>for</c> and <c>with</c> assign to.</summary>
internal sealed partial class TemplateParser
{
    private static readonly string[] ReservedTargets = ["true", "false", "none", "True", "False", "None", "not", "and", "or"];

    private AssignmentTarget ParseTarget(bool allowsAttribute)
    {
        var first = ParseOneTarget(allowsAttribute);
        if (_reader.Current.Kind != TokenKind.Comma)
            return first;
        var items = new List<AssignmentTarget> { first };
        while (_reader.TryRead(TokenKind.Comma) && _reader.Current.Kind is TokenKind.Name or TokenKind.LeftParenthesis
               && !_reader.Current.Is("in"))
        {
            items.Add(ParseOneTarget(allowsAttribute));
        }

        return new TupleTarget(items, first.Position);
    }

    private AssignmentTarget ParseOneTarget(bool allowsAttribute)
    {
        if (_reader.Current.Kind == TokenKind.LeftParenthesis)
        {
            _reader.Enter();
            _reader.Read();
            var inner = ParseTarget(allowsAttribute);
            _reader.Expect(TokenKind.RightParenthesis);
            _reader.Leave();
            return inner;
        }

        var name = ParseTargetName();
        if (!allowsAttribute || !_reader.TryRead(TokenKind.Dot))
            return name;
        return new AttributeTarget(name.Name, _reader.Expect(TokenKind.Name).Text, name.Position);
    }

    private NameTarget ParseTargetName()
    {
        var token = _reader.Expect(TokenKind.Name);
        if (ReservedTargets.Contains(token.Text))
            throw _reader.Error($"'{token.Text}' cannot be assigned to", token.Position);
        return new NameTarget(token.Text, token.Position);
    }
}
