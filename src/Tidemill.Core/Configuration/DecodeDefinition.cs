using Tidemill.Core.Schemas;

namespace Tidemill.Core.Configuration;

/// <summary>How a record's JSON value becomes a row.</summary>
public sealed record DecodeDefinition
{
    public required IReadOnlyList<DecodeField> Fields { get; init; }

    /// <summary>Numbers and booleans may come as strings. Default false.</summary>
    public bool Lenient { get; init; }

    /// <summary>Dotted paths of properties that are left out on purpose: they are no drift.</summary>
    public IReadOnlyList<string> Ignore { get; init; } = [];

    /// <summary>Column that keeps unknown top-level fields as one JSON object. Null: they are left out.</summary>
    public string? ExtraColumn { get; init; }
}

public enum TimestampFormat
{
    Iso8601,
    EpochSeconds,
    EpochMilliseconds,
    EpochMicroseconds,
    EpochNanoseconds,
}

public sealed record DecodeField(string Name, FieldType Type)
{
    /// <summary>Property names from the record's root, such as [user, id]. Default: the field's name.</summary>
    public IReadOnlyList<string> Path { get; init; } = [Name];

    /// <summary>Missing or null is an error. Default false: NULL, or <see cref="Default"/> when the property is missing.</summary>
    public bool Required { get; init; }

    /// <summary>JSON text of the value used when the property is missing. Null: NULL.</summary>
    public string? Default { get; init; }

    public TimestampFormat TimestampFormat { get; init; } = TimestampFormat.Iso8601;

    /// <summary>Text fields only: a value of another JSON type is taken as its JSON text. Set where a type was widened.</summary>
    public bool AnyValue { get; init; }

    /// <summary>The property came with earlier records and then no more: a record without it is refused as drift.</summary>
    public bool Dropped { get; init; }
}
