namespace Tidemill.Tests.Jinja;

/// <summary>
/// Writes templates that mostly render: expressions of a wanted kind over the context of tests/golden/jinja/oracle.py, and statements
/// around them. A tenth of the operands has another kind, so that refusals are compared too.
/// </summary>
internal sealed class TemplateGenerator(Random random)
{
    private static readonly string[] Numbers =
    [
        "n", "x", "zero", "1", "2", "3", "-1", "0", "2.5", "0.1", "1e3", "big", "items|length", "items|sum", "items[0]", "d.a",
        "d['b']", "people[0].age", "words|length", "name|length", "'12'|int", "'1.5'|float", "true", "loop.index", "loop.index0", "i",
        "ns.n",
    ];

    private static readonly string[] Texts =
    [
        "name", "empty", "text", "html", "lines", "words[1]", "people[1].name", "'a'", "'b c'", "\"it's\"", "'é😀'", "'%s'", "'A-b_c'",
        "' pad '", "'1,2,3'", "'x\\ty\\n'", "people[0].address.city", "s", "''", "'aXbXc'", "'{}'",
    ];

    private static readonly string[] Lists =
    [
        "items", "words", "[]", "[1, 2, 2]", "('a', 'b')", "range(4)", "range(5, 0, -2)", "nested[0]", "d.values()|list", "d|list",
        "people|map(attribute='name')|list", "people|map(attribute='age')|list", "'abc'|list", "d.items()|list", "[none, true]",
        "(1,)", "l",
    ];

    private static readonly string[] Dicts =
    [
        "d", "people[0]", "people[0].address", "{}", "{'k': 1, 'j': [1]}", "dict(a=1, b='x')", "dict(d, z=0)", "{1: 'one', none: 2}",
    ];

    private static readonly string[] Others =
    [
        "none_value", "none", "missing", "d.nope", "flag", "false", "people", "nested", "m", "missing.x",
    ];

    private static readonly string[] TextFilters =
    [
        "upper", "lower", "title", "capitalize", "trim", "replace('a', 'b')", "replace('', '.')", "truncate(7)",
        "truncate(9, true, '')", "indent(2)", "indent(1, true)", "center(9)", "e", "string", "wordwrap(5)", "wordwrap(6, false)",
        "striptags", "urlencode", "reverse", "replace('X', n)", "default('q')", "wordwrap(4, true, '|')", "forceescape", "pprint",
        "trim('a')", "trim(' pd')", "escape|lower",
    ];

    private static readonly string[] TextMethods =
    [
        "upper()", "lower()", "strip()", "title()", "capitalize()", "swapcase()", "replace('b', 'zz')", "replace('X', '', 1)",
        "lstrip('ab')", "zfill(6)", "ljust(8, '.')", "rjust(5)", "center(6, '*')", "expandtabs()", "expandtabs(4)", "casefold()",
        "removeprefix('a')", "format(1)", "format('q', n)", "join(['x', 'y'])", "join(words)", "rstrip()", "removesuffix('c')",
        "format_map({})",
    ];

    private static readonly string[] ListFilters =
    [
        "list", "sort", "reverse|list", "unique|list", "map('string')|list", "select|list", "reject('none')|list", "batch(2)|list",
        "slice(2)|list", "sort(reverse=true)", "map('upper')|list", "select('string')|list", "reject('number')|list",
        "batch(3, 0)|map('length')|list", "slice(3, 'x')|list", "map('default', 5)|list", "select('in', [1, 'a'])|list",
        "select('ge', 2)|list",
    ];

    private static readonly string[] NumberFilters =
    [
        "abs", "round", "round(1)", "int", "float", "round(0, 'ceil')", "round(1, 'floor')", "filesizeformat|length", "int(5)",
        "float(1)",
    ];

    private static readonly string[] Tests =
    [
        "defined", "undefined", "none", "number", "string", "mapping", "iterable", "sequence", "integer", "float", "boolean", "true",
        "false", "odd", "even", "divisibleby 2", "divisibleby(3)", "eq 2", "ne('a')", "in [1, 2]", "lower", "upper", "sameas none",
        "callable", "gt 1", "not none", "not defined", "filter", "test", "escaped", "lessthan 3", "== 1",
    ];

    private int _depth;

    public string Template()
    {
        _depth = 0;
        var parts = new List<string>();
        for (var count = random.Next(1, 4); count > 0; count--)
            parts.Add(Statement());
        return string.Concat(parts);
    }

    private string Statement()
    {
        if (++_depth > 4)
            return Print();
        var statement = random.Next(16) switch
        {
            0 => $"{Open("if " + Any())}{Body()}{Open("elif " + Test())}{Body()}{Open("else")}{Body()}{Open("endif")}",
            1 => $"{Open("if " + Test())}{Body()}{Open("endif")}",
            2 or 3 => Loop($"{Pick("i", "s", "l")} in {List()}"),
            4 => Loop($"k, v in {Pick("d.items()", "d|dictsort", "people[0].items()", "[(1, 2), 'ab']", Dict() + ".items()", List())}"),
            5 => Loop($"i in {List()} if i{Pick(" is odd", " > 1", " is string", "", " is not none", " in items")}"),
            6 => $"{Open($"set {Pick("i", "s", "l")} = {Any()}")}{Body()}{Print("i")}{Print("s")}",
            7 => $"{Open($"set s{Pick("", " | upper", " | trim | length", " | indent(2)")}")}{Body()}{Open("endset")}{Print("s")}",
            8 => $"{Open($"macro m({Pick("", "a", "a, b=1", "a=n, b=a", "a, b=" + Any())})")}{Body()}{Print("a")}{Pick("", Print("b"))}"
                + Pick("", "{{ caller(1) if caller else 0 }}", "{{ varargs }}", "{{ kwargs }}") + Open("endmacro") + MacroCall(),
            9 => $"{Open("set ns = namespace(n=0)")}{Loop($"i in {List()}", Open("set ns.n = ns.n + 1"))}{Print("ns.n")}",
            10 => $"{Open("filter " + Pick(TextFilters))}{Body()}{Open("endfilter")}",
            11 => $"{Open($"with i = {Number()}, s = {Text()}")}{Body()}{Open("endwith")}",
            12 => $"{Open("set l = " + Pick("[]", "[3, 1]", "items + [0]"))}"
                + Open("do l." + Pick(
                    "append(1)", "extend([2, 'a'])", "insert(1, 9)", "pop()", "reverse()", "sort()", "clear()", $"append({Any()})"))
                + Print("l"),
            13 => Loop(
                $"i in [1, [2, [3]], {Number()}] recursive",
                "{% if i is iterable and i is not string %}<{{ loop(i) }}>{% else %}{{ i }}{% endif %}"),
            14 => Pick("{# c #}", "{#- c -#}", "{% raw %}{{ x }}{% endraw %}", "\n", "  \n  ", "text", " {%- raw -%} a {%- endraw -%} "),
            _ => Print(),
        };
        _depth--;
        return statement;
    }

    private string Loop(string head, string? body = null)
    {
        var attribute = Pick("first", "last", "revindex", "length", "depth", "previtem", "nextitem", "cycle('a', 'b')", "changed(i)");
        var text = Open("for " + head) + body + Body() + Pick("", Print("loop." + attribute));
        if (random.Next(8) == 0)
            text += $"{Open("if loop.index is odd")}{Open(Pick("break", "continue"))}{Open("endif")}{Print("loop.index")}";
        return text + (random.Next(4) == 0 ? Open("else") + Body() : "") + Open("endfor");
    }

    private string MacroCall() => random.Next(5) switch
    {
        0 => Print("m()"),
        1 => Print($"m({Any()})"),
        2 => Print($"m({Any()}, b={Any()})"),
        3 => Print($"m(*{List()})"),
        _ => $"{Open($"call{Pick("", "(c)")} m({Number()})")}{Body()}{Pick("", Print("c"))}{Open("endcall")}",
    };

    private string Body() => _depth > 3 || random.Next(3) > 0 ? Pick("a", " b\n", "\n", Print()) : Statement();

    private string Open(string tag) => $"{{%{Pick("", "", "", "-", "+")} {tag} {Pick("", "", "", "-", "+")}%}}";

    private string Print(string? expression = null) => $"{{{{{Pick(" ", "- ")}{expression ?? Any()}{Pick(" ", " -")}}}}}";

    private string Any() => random.Next(12) switch
    {
        0 or 1 or 2 => Number(),
        3 or 4 or 5 => Text(),
        6 or 7 => List(),
        8 => Dict(),
        9 => Test(),
        10 => $"{Simple()} if {Test()}{Pick("", $" else {Simple()}")}",
        _ => Simple(),
    };

    private string Simple() => random.Next(5) switch
    {
        0 => Pick(Numbers),
        1 => Pick(Texts),
        2 => Pick(Lists),
        3 => Pick(Dicts),
        _ => Pick(Others),
    };

    /// <summary>An operand, as a rule of the kind asked for.</summary>
    private string Or(Func<string> wanted) => random.Next(12) == 0 ? Simple() : wanted();

    private string Number()
    {
        if (++_depth > 6)
        {
            _depth--;
            return Pick(Numbers);
        }

        var text = random.Next(8) switch
        {
            0 or 1 => $"{Or(Number)} {Pick("+", "-", "*", "/", "//", "%")} {Or(Number)}",
            2 => $"({Or(Number)})|{Pick(NumberFilters)}",
            3 => $"({Or(List)})|{Pick("length", "sum", "min", "max", "first", "last", "count")}",
            4 => $"{Pick("2", "n", "-3", "1.5")} ** {Pick("2", "0", "-1", "3")}",
            5 => $"({Text()}).{Pick("count('a')", "find('b')", "index('a')", "rfind('X')", "rindex('c')", "find('a', 1)")}",
            _ => Pick(Numbers),
        };
        _depth--;
        return text;
    }

    private string Text()
    {
        if (++_depth > 6)
        {
            _depth--;
            return Pick(Texts);
        }

        var text = random.Next(9) switch
        {
            0 => $"{Or(Text)} ~ {Any()}",
            1 or 2 => $"({Or(Text)})|{Pick(TextFilters)}",
            3 or 4 => $"({Or(Text)}).{Pick(TextMethods)}",
            5 => $"({Or(List)})|join({Pick("", "','", "n")})",
            6 => $"({Text()})[{Pick("0", "-1", "1:", ":2", "::-1", "::2", "-3:-1", "99", "n", "'a'")}]",
            7 => $"'{Pick("%s-%s", "%5s|%-4s", "%d %r", "%s", "%05.1f %s", "%%", "%+d %x")}' % ({Or(Number)}, {Any()})",
            _ => Pick(Texts),
        };
        _depth--;
        return text;
    }

    private string List()
    {
        if (++_depth > 6)
        {
            _depth--;
            return Pick(Lists);
        }

        var text = random.Next(8) switch
        {
            0 or 1 => $"({Or(List)})|{Pick(ListFilters)}",
            2 => $"[{Any()}, {Any()}]",
            3 => $"{Or(List)} + {Or(List)}",
            4 => $"({List()})[{Pick("1:", ":-1", "::2", "::-1", "0", "-2:")}]",
            5 => $"({Or(Text)})." + Pick(
                "split()", "split(',')", "splitlines()", "partition('-')", "rsplit(' ', 1)", "split('X', 1)", "rpartition('b')"),
            6 => $"({Or(Dict)}).{Pick("items()|list", "keys()|list", "values()|list")}",
            _ => Pick(Lists),
        };
        _depth--;
        return text;
    }

    private string Dict() => random.Next(4) == 0 ? $"{{'a': {Simple()}, {Pick("'b'", "n", "s", "(1, 2)")}: {Simple()}}}" : Pick(Dicts);

    private string Test() => random.Next(6) switch
    {
        0 => $"{Or(Number)} {Pick("<", ">", "<=", "==", "!=", ">=")} {Or(Number)}",
        1 => $"{Simple()} {Pick("in", "not in")} {Or(List)}",
        2 or 3 => $"({Any()}) is {Pick(Tests)}",
        4 => $"not {Simple()} {Pick("and", "or")} {Simple()}",
        _ => $"{Simple()} {Pick("==", "!=", "<", ">")} {Simple()}",
    };

    private string Pick(params string[] choices) => choices[random.Next(choices.Length)];
}
