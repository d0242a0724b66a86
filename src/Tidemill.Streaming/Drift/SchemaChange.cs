using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;

namespace Tidemill.Streaming.Drift;

public enum SchemaChangeKind
{
    /// <summary>A property that nothing declares.</summary>
    Added,

    /// <summary>A value that the field's type cannot hold and a wider one can.</summary>
    Widened,

    /// <summary>A declared field that came with earlier records and then with none for long.</summary>
    Dropped,

    /// <summary>A declared field is missing where a new one with a like name stands.</summary>
    Renamed,
}

public enum SchemaDecision
{
    /// <summary>Decoding and tables took the change up.</summary>
    Evolved,

    /// <summary>The property is left out; the detail says why.</summary>
    LeftOut,

    /// <summary>The column stays and is NULL in new rows.</summary>
    Kept,

    /// <summary>Records that need the change become dead letters.</summary>
    Quarantined,

    /// <summary>The stream stands in front of the record.</summary>
    Halted,
}

/// <summary>One entry of the decision log.</summary>
public sealed record SchemaChange
{
    public required string Stream { get; init; }

    public required Stored<SchemaChangeKind> Kind { get; init; }

    /// <summary>Property names from the record's root.</summary>
    public required IReadOnlyList<string> Path { get; init; }

    /// <summary>The column that holds it; null when none does.</summary>
    public string? Column { get; init; }

    /// <summary>In DuckDB's SQL; null for a property that was not declared.</summary>
    public string? OldType { get; init; }

    /// <summary>In DuckDB's SQL; null when the property has no type of its own here.</summary>
    public string? NewType { get; init; }

    public required Stored<SchemaDecision> Decision { get; init; }

    /// <summary>What else there is to say, without values.</summary>
    public string? Detail { get; init; }

    /// <summary>The first record seen with it.</summary>
    public RecordPosition? Position { get; init; }

    public required DateTimeOffset At { get; init; }

    public string Field => string.Join('.', Path);
}
