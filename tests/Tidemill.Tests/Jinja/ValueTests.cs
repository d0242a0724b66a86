using System.Globalization;
using Tidemill.Jinja;

namespace Tidemill.Tests.Jinja;

/// <summary>Sets, decimals and values of the host. The expected texts are what Python prints for set and decimal.Decimal.</summary>
public sealed class ValueTests
{
    [Theory]
    [InlineData("{{ s }}{{ s|length }}{{ 1 in s }}{{ 9 in s }}{{ s is iterable }}", "{1, 2}2TrueFalseTrue")]
    [InlineData("{% do s.add(3) %}{% do s.add(1) %}{{ s }}{% do s.discard(7) %}{% do s.remove(1) %}{{ s|sort }}", "{1, 2, 3}[2, 3]")]
    [InlineData("{{ s.union([3], [4])|sort }}{{ s.intersection([2, 5]) }}{{ s.difference([2]) }}{{ s - s }}", "[1, 2, 3, 4]{2}{1}set()")]
    [InlineData("{{ s.symmetric_difference([2, 3])|sort }}{{ s.issubset([1, 2, 3]) }}", "[1, 3]True")]
    [InlineData("{{ s.issuperset([1]) }}{{ s.isdisjoint([7]) }}{{ s.isdisjoint([1]) }}", "TrueTrueFalse")]
    [InlineData("{% do s.update([5], [6]) %}{{ s|list }}{% do s.clear() %}{{ s }}{{ 'x' if s else 'empty' }}", "[1, 2, 5, 6]set()empty")]
    [InlineData("{{ s == set([2, 1]) }}{{ set('aab')|sort|join }}{{ set() == set([]) }}", "TrueabTrue")]
    [InlineData("{% for i in s %}{{ i }}{% endfor %}{{ s|map('string')|join(',') }}", "121,2")]
    public void Sets_behave_as_pythons(string source, string expected) => Assert.Equal(expected, Render(source));

    [Theory]
    [InlineData("{{ s.add([1]) }}", "unhashable type: 'list'")]
    [InlineData("{{ s[0] + 1 }}", "set object has no element 0")]
    [InlineData("{{ s + s }}", "unsupported operand type(s) for +: 'set' and 'set'")]
    [InlineData("{{ s.remove(9) }}", "9")]
    [InlineData("{{ d + 0.5 }}", "unsupported operand type(s) for +: 'decimal.Decimal' and 'float'")]
    [InlineData("{{ d / 0 }}", "division by zero")]
    [InlineData("{{ day + 'x' }}", "unsupported operand type(s) for +: 'datetime.date' and 'str'")]
    [InlineData("{{ day < 1 }}", "'<' not supported between instances of 'datetime.date' and 'int'")]
    [InlineData("{{ 1 + 'a' }}", "unsupported operand type(s) for +: 'int' and 'str'")]
    [InlineData("{{ 'a' + 1 }}", "can only concatenate str (not \"int\") to str")]
    [InlineData("{{ 5() }}", "'int' object is not callable")]
    [InlineData("{% for i in 5 %}{% endfor %}", "'int' object is not iterable")]
    [InlineData("{{ {}.a.b }}", "'dict object' has no attribute 'a'")]
    [InlineData("{{ [].x.y }}", "'list object' has no attribute 'x'")]
    [InlineData("{{ [][3].y }}", "list object has no element 3")]
    [InlineData("{{ none.x.y }}", "'None' has no attribute 'x'")]
    [InlineData("{% set a, b = [1] %}", "not enough values to unpack (expected 2, got 1)")]
    [InlineData("{% set a, b = [1, 2, 3] %}", "too many values to unpack (expected 2)")]
    [InlineData("{{ 1 < 'a' }}", "'<' not supported between instances of 'int' and 'str'")]
    [InlineData("{{ -'a' }}", "bad operand type for unary -: 'str'")]
    [InlineData("{{ {[]: 1} }}", "unhashable type: 'list'")]
    [InlineData("{{ 5|length }}", "object of type 'int' has no len()")]
    [InlineData("{{ 'a' * 'b' }}", "can't multiply sequence by non-int of type 'str'")]
    public void Errors_have_pythons_words(string source, string problem) =>
        Assert.StartsWith(problem, Assert.Throws<JinjaException>(() => Render(source)).Problem, StringComparison.Ordinal);

    [Theory]
    [InlineData("{{ d }}{{ [d] }}{{ d + 1 }}|{{ d * 2 }}|{{ d - d }}|{{ -d }}", "1.50[Decimal('1.50')]2.50|3.00|0.00|-1.50")]
    [InlineData("{{ d / 2 }}|{{ d // 1 }}|{{ d % 1 }}|{{ d ** 2 }}|{{ 1 / d }}", "0.75|1|0.50|2.2500|0.6666666666666666666666666667")]
    [InlineData("{{ d == 1.5 }}{{ d > 1 }}{{ d in [1.5] }}{{ {1.5: 'x'}[d] }}{{ d is number }}", "TrueTrueTruexTrue")]
    [InlineData("{{ d|int }} {{ d|float }} {{ d|round(1) }} {{ d|abs }}", "1 1.5 1.5 1.50")]
    [InlineData("{{ '%s %.1f' % (d, d) }}{{ '{:.1f}'.format(d) }}{{ small }}", "1.50 1.51.51E-7")]
    public void Decimals_behave_as_pythons(string source, string expected) => Assert.Equal(expected, Render(source));

    [Theory]
    [InlineData("{{ day + 1 }}|{{ 1 + day }}|{{ day - 1 }}", "2026-03-02|2026-03-02|2026-02-28")]
    [InlineData("{{ day < day + 1 }}|{{ [day + 2, day]|sort|first }}", "True|2026-03-01")]
    [InlineData("{{ '{:%Y}'.format(day) }}|{{ day.year }}|{{ day == day }}|{{ {day: 1}[day] }}", "2026|2026|True|1")]
    [InlineData("{{ row.a }}{{ row['b'] }}{{ row[0] }}{{ row[-1] }}{{ row|length }}", "12122")]
    [InlineData("{% for v in row %}<{{ v }}>{% endfor %}{{ row|list }}{{ 2 in row }}", "<1><2>[1, 2]True")]
    public void Values_of_the_host_take_part_in_operators_indexing_and_loops(string source, string expected) =>
        Assert.Equal(expected, Render(source));

    private static string Render(string source)
    {
        var environment = new JinjaEnvironment();
        environment.Globals["set"] = new JinjaCallable("set", arguments => arguments.Positional.Count == 0
            ? new JinjaSet() : new JinjaSet(JinjaValue.Items(arguments.Positional[0])));
        return environment.Parse("t", source).Render(new DictionaryContext(new Dictionary<string, object?>
        {
            ["s"] = new JinjaSet([1L, 2L]),
            ["d"] = 1.50m,
            ["small"] = 0.0000001m,
            ["day"] = new Day(new DateOnly(2026, 3, 1)),
            ["row"] = new Row(new Dictionary<string, object?> { ["a"] = 1, ["b"] = 2 }),
        }));
    }

    private sealed record Day(DateOnly Date) : IJinjaObject, IJinjaOperand, IJinjaFormattable
    {
        public string TypeName => "datetime.date";

        public bool TryApply(string sign, object? other, bool isLeft, out object? result)
        {
            var days = other is long number ? (int)number : 0;
            result = new Day(Date.AddDays(sign == "-" ? -days : days));
            return other is long && (sign == "+" || (sign == "-" && isLeft));
        }

        public int? Compare(object? other) => other is Day day ? Date.CompareTo(day.Date) : null;

        public bool TryGetAttribute(string name, out object? value)
        {
            value = Date.Year;
            return name == "year";
        }

        public string ToText() => Date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

        public string Format(string specification) =>
            specification == "%Y" ? Date.ToString("yyyy", CultureInfo.InvariantCulture) : specification;
    }

    private sealed class Row(Dictionary<string, object?> values) : IJinjaSequence
    {
        public int? Count => values.Count;

        public IEnumerable<object?> Items => values.Values;

        public bool TryGetItem(object? key, out object? value)
        {
            if (key is string name)
                return values.TryGetValue(name, out value);
            var index = key is long number ? (int)(number < 0 ? number + values.Count : number) : -1;
            value = index >= 0 && index < values.Count ? values.Values.ElementAt(index) : null;
            return value is not null;
        }
    }
}
