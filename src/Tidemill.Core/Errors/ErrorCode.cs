namespace Tidemill.Core.Errors;

/// <summary>
/// What went wrong, as one closed list. <see cref="ErrorCatalog"/> gives each code its domain, retry rule and remedy;
/// there is no "unknown": a failure without a code here is a defect.
/// </summary>
public enum ErrorCode
{
    /// <summary>The configuration has errors; all of them are listed.</summary>
    ConfigurationInvalid,

    /// <summary>A name (topic, stream, model, workflow, index, table) that does not exist.</summary>
    NotFound,

    /// <summary>A request or argument that cannot be carried out as given.</summary>
    InvalidRequest,

    /// <summary>Another process holds the data folder.</summary>
    DataFolderLocked,

    /// <summary>The TCP port is taken.</summary>
    PortInUse,

    /// <summary>A disk has no room left, or a quota is reached.</summary>
    DiskFull,

    /// <summary>Stored bytes do not match their checksum or layout.</summary>
    DataCorrupt,

    /// <summary>A record is larger than the topic or the endpoint takes.</summary>
    RecordTooLarge,

    /// <summary>A record's bytes could not be decoded into the declared fields.</summary>
    DecodeFailed,

    /// <summary>A record left the stream's declared schema, and the stream's policy refuses that.</summary>
    SchemaDrift,

    /// <summary>A stream's SQL failed on a row.</summary>
    TransformFailed,

    /// <summary>A sink refused a row: a constraint, a type or a mapping.</summary>
    RowRejected,

    /// <summary>The declared schema contradicts the table that exists.</summary>
    SchemaConflict,

    /// <summary>A newer Tidemill has changed what this one opens.</summary>
    VersionTooOld,

    /// <summary>SQL that the engine refused.</summary>
    SqlInvalid,

    /// <summary>An external system cannot be reached or is starting, stopping or overloaded.</summary>
    Unavailable,

    /// <summary>A transaction lost against a concurrent one and can be run again.</summary>
    TransactionConflict,

    /// <summary>Credentials or rights are missing or refused.</summary>
    AccessDenied,

    /// <summary>Another writer has moved the checkpoint; this one must stop and reload its positions.</summary>
    CheckpointFenced,

    /// <summary>An offset lies outside what the log still holds.</summary>
    OffsetOutOfRange,

    /// <summary>A native library is missing or too old.</summary>
    NativeLibraryMissing,

    /// <summary>A task, query or command was stopped because its time ran out.</summary>
    TimedOut,

    /// <summary>A defect in Tidemill itself.</summary>
    Internal,
}
