using Tidemill.Core.Errors;
using Tidemill.Core.Schemas;

namespace Tidemill.Streaming.Decoding;

/// <summary>Why one record was rejected. Holds names and positions, never the value.</summary>
/// <param name="Reason">What is wrong.</param>
/// <param name="Field">The declared field concerned; null when the record as a whole, or an undeclared part, is.</param>
/// <param name="Type">The field's declared type; null without a field.</param>
/// <param name="ByteOffset">Position in the record's value, from 0.</param>
public readonly record struct DecodeFailure(DecodeReason Reason, string? Field, FieldType? Type, int ByteOffset)
{
    /// <summary>Where drift is watched: the type that would hold this value and those of <see cref="Type"/>; null when none is
    /// wider.</summary>
    public FieldType? Wider { get; init; }

    /// <summary>SchemaDrift when the record left the declared schema and that is watched, else DecodeFailed: the same bytes
    /// fail again.</summary>
    public ErrorCode Code => Wider is not null || Reason is DecodeReason.UnknownField or DecodeReason.DroppedField
        ? ErrorCode.SchemaDrift
        : ErrorCode.DecodeFailed;

    /// <summary>One sentence for people, made when asked for.</summary>
    public string Message => Field is null ? $"{Problem} at byte {ByteOffset}." : $"Field {Field} {FieldProblem} at byte {ByteOffset}.";

    public override string ToString() => Message;

    private string Problem => Reason switch
    {
        DecodeReason.None => "No failure",
        DecodeReason.Tombstone => "The record has no value (a tombstone)",
        DecodeReason.Empty => "The record's value is empty",
        DecodeReason.NotAnObject => "The record's value is not a JSON object",
        DecodeReason.InvalidJson => "The record's value is not valid JSON",
        DecodeReason.Truncated => "The record's value ends inside its JSON object",
        DecodeReason.TrailingData => "Something follows the JSON object",
        DecodeReason.TooDeep => $"The JSON is nested deeper than {JsonScanner.MaxDepth} levels",
        DecodeReason.InvalidUtf8 => "A string is not valid UTF-8",
        DecodeReason.InvalidEscape => "A string holds an invalid escape",
        DecodeReason.DuplicateKey => "An object that holds declared fields stands twice",
        DecodeReason.WrongType => "A value on the path to a declared field is not an object",
        _ => Reason.ToString(),
    };

    private string FieldProblem => Reason switch
    {
        DecodeReason.InvalidJson => "is not valid JSON",
        DecodeReason.Truncated => "is cut off",
        DecodeReason.TooDeep => $"is nested deeper than {JsonScanner.MaxDepth} levels",
        DecodeReason.InvalidUtf8 => "is not valid UTF-8",
        DecodeReason.InvalidEscape => "holds an invalid escape",
        DecodeReason.DuplicateKey => "stands twice",
        DecodeReason.MissingField => "is required and missing",
        DecodeReason.NullField => "is required and null",
        DecodeReason.UnknownField => "is not declared, and the stream refuses undeclared fields; it stands",
        DecodeReason.DroppedField => "came with earlier records and is missing",
        DecodeReason.WrongType => $"has a JSON type that does not fit {Type}",
        DecodeReason.InvalidValue => $"does not spell a value of {Type}",
        DecodeReason.OutOfRange => $"does not fit {Type}",
        _ => Reason.ToString(),
    };
}
