namespace Tidemill.Jinja.Evaluation;

/// <summary>
/// The <c>loop</c> variable. It looks an item ahead when asked for it; only reading the length from the end makes it read all items.
/// </summary>
internal sealed class LoopContext : IJinjaObject, IJinjaCallable, IDisposable
{
    private readonly Func<object?, object?>? _recurse;
    private readonly Members _members;
    private readonly int _depth0;
    private IEnumerator<object?> _items;
    private object? _previous;
    private object? _current;
    private object? _next;
    private bool? _hasNext;
    private long _index0 = -1;
    private long? _length;
    private IReadOnlyList<object?>? _lastChanged;

    public LoopContext(IEnumerable<object?> items, Members members, int depth0, Func<object?, object?>? recurse)
    {
        _items = items.GetEnumerator();
        _members = members;
        _depth0 = depth0;
        _recurse = recurse;
    }

    public string Name => "loop";

    public object? Current => _current;

    public long Length => _length ??= ReadAhead();

    public bool MoveNext()
    {
        if (!HasNext)
            return false;
        _previous = _index0 < 0 ? _members.Undefined("there is no previous item") : _current;
        _current = _next;
        _index0++;
        _hasNext = null;
        return true;
    }

    public object? Call(CallArguments arguments)
    {
        if (_recurse is null)
            throw new JinjaException("only a loop marked 'recursive' can be called");
        return _recurse(arguments.Positional.Count == 1
            ? arguments.Positional[0] : throw new JinjaException("loop() takes one argument, the items"));
    }

    public bool TryGetAttribute(string name, out object? value)
    {
        value = name switch
        {
            "index" => _index0 + 1,
            "index0" => _index0,
            "revindex" => Length - _index0,
            "revindex0" => Length - _index0 - 1,
            "first" => _index0 == 0,
            "last" => !HasNext,
            "length" => Length,
            "depth" => _depth0 + 1L,
            "depth0" => (long)_depth0,
            "previtem" => _previous,
            "nextitem" => HasNext ? _next : _members.Undefined("there is no next item"),
            "cycle" => new JinjaCallable("loop.cycle", Cycle),
            "changed" => new JinjaCallable("loop.changed", Changed),
            _ => BoundArguments.Missing,
        };
        return !ReferenceEquals(value, BoundArguments.Missing);
    }

    public string ToText() => $"<LoopContext {_index0 + 1}/{Length}>";

    public void Dispose() => _items.Dispose();

    private object? Cycle(CallArguments arguments) => arguments.Positional.Count > 0
        ? arguments.Positional[(int)(_index0 % arguments.Positional.Count)]
        : throw new JinjaException("loop.cycle() wants at least one item");

    private object? Changed(CallArguments arguments)
    {
        var isSame = _lastChanged is { } last && last.Count == arguments.Positional.Count
            && last.Zip(arguments.Positional).All(pair => ValueEquality.AreEqual(pair.First, pair.Second));
        _lastChanged = arguments.Positional;
        return !isSame;
    }

    /// <summary>Whether an item follows. Only asking reads it, so that a loop that is left early takes no more than it saw.</summary>
    private bool HasNext
    {
        get
        {
            if (_hasNext is { } known)
                return known;
            _hasNext = _items.MoveNext();
            _next = _hasNext.Value ? _items.Current : null;
            return _hasNext.Value;
        }
    }

    private long ReadAhead()
    {
        var rest = new List<object?>();
        while (_items.MoveNext())
            rest.Add(_items.Current);
        _items.Dispose();
        _items = rest.GetEnumerator();
        return _index0 + 1 + (_hasNext == true ? 1 : 0) + rest.Count;
    }
}
