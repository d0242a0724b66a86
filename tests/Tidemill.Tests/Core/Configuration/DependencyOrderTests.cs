using Tidemill.Core.Configuration;

namespace Tidemill.Tests.Core.Configuration;

public sealed class DependencyOrderTests
{
    [Fact]
    public void Each_name_comes_after_those_it_depends_on()
    {
        var order = DependencyOrder.Of(Graph("c: b a", "b: a", "a:", "d: c unknown"));
        Assert.Equal(["a", "b", "c", "d"], order.Names);
        Assert.Empty(order.Cycles);
    }

    [Fact]
    public void Cycles_are_told_once_each()
    {
        var order = DependencyOrder.Of(Graph("a: b", "b: c", "c: a b", "d: d", "e: a"));
        Assert.Equal(["a b c a", "b c b", "d d"], order.Cycles.Select(cycle => string.Join(' ', cycle)));
    }

    [Fact]
    public void A_long_chain_fits()
    {
        var chain = Enumerable.Range(0, 100_000).ToDictionary(i => $"{i}", i => (IReadOnlyList<string>)(i == 0 ? [] : [$"{i - 1}"]));
        Assert.Equal(100_000, DependencyOrder.Of(chain.Reverse().ToDictionary()).Names.Count);
    }

    private static Dictionary<string, IReadOnlyList<string>> Graph(params string[] lines) => lines.Select(l => l.Split(':')).ToDictionary(
        parts => parts[0], parts => (IReadOnlyList<string>)parts[1].Split(' ', StringSplitOptions.RemoveEmptyEntries));
}
