using System.Collections.Frozen;

namespace Tidemill.Core.Errors;

/// <summary>Who can mend an error: the user's input, an external system, or Tidemill's developers.</summary>
public enum ErrorDomain
{
    User,
    External,
    Internal,
}

/// <summary>Whether the same work may be tried again without anyone's help.</summary>
public enum RetryRule
{
    /// <summary>The same input fails again.</summary>
    Never,

    /// <summary>Try again after a growing, jittered delay.</summary>
    Backoff,

    /// <summary>Somebody must act first; the work waits and says so.</summary>
    Manual,
}

/// <summary>One row of the table that decides retries: code to domain, rule and remedy.</summary>
public sealed record ErrorRule(ErrorDomain Domain, RetryRule Retry, string Remedy);

/// <summary>The one table from error code to retry rule and remedy.</summary>
public static class ErrorCatalog
{
    private static readonly FrozenDictionary<ErrorCode, ErrorRule> Rules = new Dictionary<ErrorCode, ErrorRule>
    {
        [ErrorCode.ConfigurationInvalid] = User("Mend the listed lines, then run `tidemill check`."),
        [ErrorCode.NotFound] = User("Check the spelling; `tidemill status` lists what exists."),
        [ErrorCode.InvalidRequest] = User("Correct the request and send it again."),
        [ErrorCode.DataFolderLocked] = Manual("Stop the other process, or pass another --data folder."),
        [ErrorCode.PortInUse] = Manual("Stop the program on that port, or pass another --port."),
        [ErrorCode.DiskFull] = new(
            ErrorDomain.External, RetryRule.Backoff, "Free disk space or shorten retention; work resumes by itself."),
        [ErrorCode.DataCorrupt] = Manual("Restore the named file from a copy, or remove it to give up what it holds."),
        [ErrorCode.RecordTooLarge] = User("Send smaller records or raise the topic's max_record_bytes."),
        [ErrorCode.DecodeFailed] = User("Mend the producer or the stream's fields, then replay the dead letters."),
        [ErrorCode.SchemaDrift] = Manual(
            "Declare the field, list it under decode.ignore, or set on_drift to evolve; then replay the dead letters."),
        [ErrorCode.TransformFailed] = User("Mend the stream's SQL or the record, then replay the dead letters."),
        [ErrorCode.RowRejected] = User("Mend the record or the table's constraint, then replay the dead letters."),
        [ErrorCode.SchemaConflict] = Manual("Change the declared type back, or move the table away and replay the topic."),
        [ErrorCode.VersionTooOld] = User("Run the version that was here last, or a later one."),
        [ErrorCode.SqlInvalid] = User("Mend the SQL at the named place."),
        [ErrorCode.Unavailable] = new(
            ErrorDomain.External, RetryRule.Backoff, "Check that the server runs and can be reached; work resumes by itself."),
        [ErrorCode.TransactionConflict] = new(ErrorDomain.External, RetryRule.Backoff, "Nothing to do: the transaction is run again."),
        [ErrorCode.AccessDenied] = Manual("Check the user, password and rights of the connection, or the rights of the named folder."),
        [ErrorCode.CheckpointFenced] = new(ErrorDomain.External, RetryRule.Backoff, "Nothing to do: positions are reloaded from the sink."),
        [ErrorCode.OffsetOutOfRange] = Manual("Choose a start policy (earliest or latest) for the stream, or restore the topic."),
        [ErrorCode.NativeLibraryMissing] = Manual("Run `tidemill doctor`; it says where the library was looked for."),
        [ErrorCode.TimedOut] = new(ErrorDomain.External, RetryRule.Backoff, "Raise the timeout, or look at what made the work slow."),
        [ErrorCode.Internal] = new(ErrorDomain.Internal, RetryRule.Never, "Report this with the log lines around it."),
    }.ToFrozenDictionary();

    public static ErrorRule Rule(ErrorCode code) => Rules[code];

    private static ErrorRule User(string remedy) => new(ErrorDomain.User, RetryRule.Never, remedy);

    private static ErrorRule Manual(string remedy) => new(ErrorDomain.User, RetryRule.Manual, remedy);
}
