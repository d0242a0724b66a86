namespace Tidemill.Streaming.Decoding;

/// <summary>Why a record did not become a row; docs/formats/json-decoding.md explains each.</summary>
public enum DecodeReason
{
    /// <summary>Nothing failed.</summary>
    None,

    /// <summary>The record's value is null.</summary>
    Tombstone,

    /// <summary>The value has no bytes, or whitespace only.</summary>
    Empty,

    /// <summary>The value is JSON, but its root is not an object.</summary>
    NotAnObject,

    /// <summary>The bytes break JSON's grammar (RFC 8259).</summary>
    InvalidJson,

    /// <summary>The bytes end before the object does.</summary>
    Truncated,

    /// <summary>Something other than whitespace follows the object.</summary>
    TrailingData,

    /// <summary>Objects and arrays are nested deeper than 64 levels.</summary>
    TooDeep,

    /// <summary>A string is not valid UTF-8.</summary>
    InvalidUtf8,

    /// <summary>A string has an unknown escape, or a surrogate without its other half.</summary>
    InvalidEscape,

    /// <summary>A declared property stands twice in its object.</summary>
    DuplicateKey,

    /// <summary>A required property is missing.</summary>
    MissingField,

    /// <summary>A property that nothing declares, where the stream refuses such.</summary>
    UnknownField,

    /// <summary>A property that came with earlier records and is missing, where the stream refuses that.</summary>
    DroppedField,

    /// <summary>A required property is null.</summary>
    NullField,

    /// <summary>The JSON type does not fit the field: a number for a text, a string for a number.</summary>
    WrongType,

    /// <summary>The JSON type fits, the text does not: not a UUID, not a timestamp, not a whole number.</summary>
    InvalidValue,

    /// <summary>A value that the field's type cannot hold.</summary>
    OutOfRange,
}
