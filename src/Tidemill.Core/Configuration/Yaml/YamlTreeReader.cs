using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Tidemill.Core.Configuration.Yaml;

/// <summary>
/// Reads one YAML document into nodes that know their lines. It works on the parser's events rather than on the
/// representation model, because that gives up at the first duplicate key. Bounded in depth and size, aliases included, so that
/// no file can exhaust stack or memory.
/// </summary>
public sealed class YamlTreeReader
{
    private const int MaxDepth = 64;
    private const int MaxNodes = 100_000;

    private readonly Parser _parser;
    private readonly FileReport _report;
    private readonly Dictionary<AnchorName, ConfigNode> _anchors = [];

    private YamlTreeReader(string text, FileReport report)
    {
        _parser = new Parser(new StringReader(text));
        this._report = report;
    }

    /// <summary>The document's root; an empty mapping for an empty file; null after a syntax error, which is reported.</summary>
    public static MappingNode? Read(string text, FileReport report)
    {
        var reader = new YamlTreeReader(text, report);
        try
        {
            return reader.ReadDocument();
        }
        catch (YamlException error)
        {
            report.Add(
                "", (int)error.Start.Line, $"Not valid YAML: {Sentence(error.Message)}", "Mend the syntax at or just above this line.");
            return null;
        }
        catch (Exception error) when (error is InvalidOperationException or ArgumentException or FormatException or OverflowException)
        {
            // The parser gives some broken texts these general exceptions, found by mutating files.
            report.Add(
                "",
                (int)(reader._parser.Current?.End.Line ?? 1),
                "Not valid YAML: a bracket, brace or quote is left open here, or a sign stands where it may not.",
                "Close it, or put quotes around the value.");
            return null;
        }
    }

    private MappingNode? ReadDocument()
    {
        _parser.Consume<StreamStart>();
        if (!_parser.TryConsume<DocumentStart>(out _))
            return new MappingNode(1, []);

        var root = ReadNode("", 0);
        _parser.Consume<DocumentEnd>();
        if (_parser.Accept<DocumentStart>(out var second))
            _report.Add("", (int)second.Start.Line, "A second document begins here.", "Put it into a file of its own.");

        switch (root)
        {
            case MappingNode mapping:
                return mapping;
            case ScalarNode { IsNull: true }:
                return new MappingNode(1, []);
            default:
                _report.Add("", root.Line, $"The file is {root.Kind}.", "Write keys and values, such as `name: ...`.");
                return null;
        }
    }

    private ConfigNode ReadNode(string path, int depth)
    {
        var start = _parser.Current?.Start ?? Mark.Empty;
        if (depth > MaxDepth)
            throw new SyntaxErrorException(start, start, $"nested deeper than {MaxDepth} levels");

        if (_parser.TryConsume<AnchorAlias>(out var alias))
        {
            return _anchors.TryGetValue(alias.Value, out var target)
                ? target
                : throw new SyntaxErrorException(alias.Start, alias.End, $"the alias *{alias.Value.Value} names no anchor above it");
        }

        var anchor = (_parser.Current as NodeEvent)?.Anchor ?? AnchorName.Empty;
        ConfigNode node = _parser.Current switch
        {
            SequenceStart => ReadSequence(path, depth),
            MappingStart => ReadMapping(path, depth),
            _ => ReadScalar(),
        };
        if (node.Weight > MaxNodes)
            throw new SyntaxErrorException(start, start, $"more than {MaxNodes} values, counting aliases");

        if (!anchor.IsEmpty)
            _anchors[anchor] = node;

        return node;
    }

    private ScalarNode ReadScalar()
    {
        var scalar = _parser.Consume<Scalar>();
        var block = scalar.Style is ScalarStyle.Literal or ScalarStyle.Folded;
        var plain = scalar.Style is ScalarStyle.Plain or ScalarStyle.Any;
        return new ScalarNode((int)scalar.Start.Line + (block ? 1 : 0), scalar.Value, plain);
    }

    private SequenceNode ReadSequence(string path, int depth)
    {
        var start = _parser.Consume<SequenceStart>();
        var items = new List<ConfigNode>();
        while (!_parser.TryConsume<SequenceEnd>(out _))
            items.Add(ReadNode(ConfigPath.Item(path, items.Count), depth + 1));

        return new SequenceNode((int)start.Start.Line, items);
    }

    private MappingNode ReadMapping(string path, int depth)
    {
        var start = _parser.Consume<MappingStart>();
        var entries = new List<MappingEntry>();
        var lines = new Dictionary<string, int>(StringComparer.Ordinal);
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var key = ReadNode(path, depth + 1);
            var name = (key as ScalarNode)?.Text;
            var child = ConfigPath.Key(path, name ?? "?");
            var value = ReadNode(child, depth + 1);
            if (name is null)
                _report.Add(child, key.Line, $"The key is {key.Kind}.", "Write the key as a single word.");
            else if (lines.TryGetValue(name, out var first))
                _report.Add(child, key.Line, $"The key '{name}' stands here again; it is already on line {first}.", "Keep one of the two.");
            else
                entries.Add(new MappingEntry(name, lines[name] = key.Line, value));
        }

        return new MappingNode((int)start.Start.Line, entries);
    }

    private static string Sentence(string message)
    {
        var text = message.Trim();
        text = text.Length == 0 ? "syntax error" : char.ToLowerInvariant(text[0]) + text[1..];
        return text.EndsWith('.') ? text : text + ".";
    }
}
