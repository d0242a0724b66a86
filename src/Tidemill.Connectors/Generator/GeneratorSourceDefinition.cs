using Tidemill.Core.Components;

namespace Tidemill.Connectors.Generator;

/// <summary>Makes records up, reproducibly: record n is a function of seed and n, apart from the clock.</summary>
public sealed record GeneratorSourceDefinition() : SourceDefinition(GeneratorSourceKind.Instance)
{
    public int Seed { get; init; } = 42;

    /// <summary>Records a second. Default 50.</summary>
    public double Rate { get; init; } = 50;

    /// <summary>Stop after this many records. Default: never.</summary>
    public long? Limit { get; init; }

    /// <summary>Field name to what it holds.</summary>
    public required IReadOnlyList<GeneratorField> Fields { get; init; }

    /// <summary>Field used as the record's key. Null: no key.</summary>
    public string? Key { get; init; }

    /// <summary>Share of records (0..1) whose time field lies in the past. Default 0.</summary>
    public double LateShare { get; init; }

    /// <summary>How far in the past late records lie at most. Default 1 hour; at least 2 minutes and a second.</summary>
    public TimeSpan LateBy { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Share of records (0..1) that repeat an earlier one. Default 0.</summary>
    public double DuplicateShare { get; init; }

    /// <summary>Share of records (0..1) that are broken: cut JSON, wrong types, missing fields. Default 0.</summary>
    public double MalformedShare { get; init; }
}

public enum GeneratorKind
{
    /// <summary>A fresh UUID for each record.</summary>
    Uuid,

    /// <summary>One of <see cref="GeneratorField.Count"/> UUIDs.</summary>
    UuidPool,

    /// <summary>One of <see cref="GeneratorField.Values"/>, by weight.</summary>
    Choice,

    /// <summary>A decimal between <see cref="GeneratorField.Min"/> and <see cref="GeneratorField.Max"/>, small ones more often.</summary>
    Amount,

    /// <summary>An integer from Min to Max.</summary>
    Integer,

    /// <summary>Now, ISO 8601 with milliseconds, UTC; moved back when the record is late.</summary>
    Now,

    /// <summary>The record's number.</summary>
    Sequence,
}

public sealed record GeneratorField(string Name, GeneratorKind Kind)
{
    public int Count { get; init; } = 1000;

    public decimal Min { get; init; }

    public decimal Max { get; init; } = 1000;

    /// <summary>Digits after the point of an amount. Default 2.</summary>
    public int Scale { get; init; } = 2;

    public IReadOnlyList<string> Values { get; init; } = [];

    /// <summary>One weight a value; empty: all alike.</summary>
    public IReadOnlyList<double> Weights { get; init; } = [];
}
