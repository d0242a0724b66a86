namespace Tidemill.Jinja.Evaluation;

/// <summary>What lazy filters such as <c>map</c> give: items that can be walked once, as a Python generator's.</summary>
internal sealed class JinjaGenerator(IEnumerable<object?> items)
{
    private IEnumerator<object?>? _enumerator;

    public IEnumerable<object?> Items
    {
        get
        {
            _enumerator ??= items.GetEnumerator();
            while (_enumerator.MoveNext())
                yield return _enumerator.Current;
        }
    }
}
