namespace Tidemill.Core.Components;

/// <summary>What replay, positions, verify and the pipeline need to know of a sink, whatever its kind.</summary>
public sealed record SinkTraits
{
    /// <summary>Columns that tell rows apart. Empty: nothing does.</summary>
    public IReadOnlyList<string> Key { get; init; } = [];

    /// <summary>Boolean column whose true deletes the row of its key. Null: nothing is deleted.</summary>
    public string? Delete { get; init; }

    /// <summary>Column that grows with each change of a key: the row with the highest value stands. Null: the one written last
    /// does.</summary>
    public string? Version { get; init; }

    /// <summary>What becomes of rows that are written a second time.</summary>
    public required RepeatRule Repeat { get; init; }

    /// <summary>Why a range cannot be written a second time, and what to do instead, as a sentence without subject. For
    /// <see cref="RepeatRule.Doubles"/>.</summary>
    public string RepeatRefusal { get; init; } = "its rows would stand there twice.";

    /// <summary>True when an older row, written again, replaces what a newer record wrote under its key.</summary>
    public bool SetsBack { get; init; }

    /// <summary>True when a batch must hold records of one source partition only. Default false.</summary>
    public bool OnePartition { get; init; }

    /// <summary>True when a person may move the checkpoint. Default true.</summary>
    public bool Movable { get; init; } = true;

    /// <summary>
    /// False when one process at a time can write, wherever the sink's store is. Default true: whether the stores of
    /// <see cref="ISinkKind.Uses"/> can be shared is theirs.
    /// </summary>
    public bool SharedByProcesses { get; init; } = true;

    /// <summary>Records of a batch where the stream does not say. Null: the usual number.</summary>
    public int? BatchRecords { get; init; }

    /// <summary>True when times come back with milliseconds: what is finer is cut off. Default false: microseconds.</summary>
    public bool KeepsMilliseconds { get; init; }
}

/// <summary>What becomes of rows that are written a second time.</summary>
public enum RepeatRule
{
    /// <summary>They stand there twice, or are summed twice.</summary>
    Doubles,

    /// <summary>They stand there twice unless those of the same records are deleted before, by topic, partition and offset.</summary>
    ByPosition,

    /// <summary>They meet the stored rows of their keys or ids: nothing doubles.</summary>
    ByKey,
}
