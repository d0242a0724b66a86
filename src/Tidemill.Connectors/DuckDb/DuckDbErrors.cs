using Tidemill.Core.Errors;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.DuckDb;

/// <summary>What was going on when DuckDB failed; it decides whose error it is.</summary>
internal enum DuckDbWork
{
    Opening,
    Querying,
    Writing,

    /// <summary>Committing, or moving a checkpoint: a key that is there already came from a concurrent transaction.</summary>
    Committing,
}

/// <summary>DuckDB's error types as <see cref="ErrorCode"/>s. Messages are DuckDB's, without quoted values.</summary>
internal static class DuckDbErrors
{
    public static TidemillException Map(DuckDbException error, DuckDbWork work, string description)
    {
        var code = Code(error, work);
        var message = code switch
        {
            ErrorCode.DataFolderLocked => $"Another process holds {description}.",
            ErrorCode.SqlInvalid when error.ErrorType == DuckDbErrorType.Permission =>
                $"{description}: SQL reaches files of the folders under the warehouse's `files:` only, and loads no extensions.",
            ErrorCode.Unavailable when IsOutOfMemory(error) =>
                $"{description} ran out of memory; raise the warehouse's `memory_limit:`. {error.LogText}",
            _ => $"{description}: {error.LogText}",
        };
        return new TidemillException(code, message, error) { SqlLine = error.SqlLine };
    }

    /// <summary>After such an error DuckDB refuses all further work on the database until it is opened again, or would at its
    /// next checkpoint.</summary>
    public static bool BreaksEngine(DuckDbException error) =>
        error.ErrorType is DuckDbErrorType.Fatal or DuckDbErrorType.Internal || IsHalfCommitted(error);

    /// <summary>What failed was not done, not even in part.</summary>
    public static bool IsOutOfMemory(DuckDbException error) =>
        (error.ErrorType == DuckDbErrorType.OutOfMemory && !Says(error, "temp_directory"))
        || Says(error, "failed to pin block") || Says(error, "could not allocate block") || Says(error, "failed to allocate");

    private static ErrorCode Code(DuckDbException error, DuckDbWork work) => error.ErrorType switch
    {
        DuckDbErrorType.Transaction when IsDiskFull(error) => ErrorCode.DiskFull,
        DuckDbErrorType.Transaction when Says(error, "read-only") => ErrorCode.SqlInvalid,
        DuckDbErrorType.Transaction when IsOutOfMemory(error) => ErrorCode.Unavailable,
        DuckDbErrorType.Transaction => ErrorCode.TransactionConflict,
        DuckDbErrorType.Constraint when work == DuckDbWork.Committing => ErrorCode.TransactionConflict,
        DuckDbErrorType.Constraint => ErrorCode.RowRejected,
        DuckDbErrorType.InvalidInput when work == DuckDbWork.Opening => ErrorCode.DataCorrupt,
        DuckDbErrorType.Conversion or DuckDbErrorType.OutOfRange or DuckDbErrorType.Decimal
            or DuckDbErrorType.DivideByZero or DuckDbErrorType.MismatchType or DuckDbErrorType.ObjectSize
            or DuckDbErrorType.InvalidInput =>
            work == DuckDbWork.Writing ? ErrorCode.RowRejected : ErrorCode.SqlInvalid,
        DuckDbErrorType.IO or DuckDbErrorType.Invalid or DuckDbErrorType.Serialization => OfFiles(error, work),
        DuckDbErrorType.Fatal => IsDiskFull(error) ? ErrorCode.DiskFull : ErrorCode.Unavailable,
        DuckDbErrorType.OutOfMemory => IsOutOfMemory(error) ? ErrorCode.Unavailable : ErrorCode.DiskFull,
        DuckDbErrorType.DataCorruption => ErrorCode.DataCorrupt,
        DuckDbErrorType.Permission => work == DuckDbWork.Opening ? ErrorCode.AccessDenied : ErrorCode.SqlInvalid,
        DuckDbErrorType.Connection or DuckDbErrorType.Network or DuckDbErrorType.Http => ErrorCode.Unavailable,
        DuckDbErrorType.Interrupt => ErrorCode.TimedOut,
        DuckDbErrorType.Internal or DuckDbErrorType.NullPointer => ErrorCode.Internal,
        _ => ErrorCode.SqlInvalid,
    };

    private static ErrorCode OfFiles(DuckDbException error, DuckDbWork work)
    {
        if (IsDiskFull(error))
            return ErrorCode.DiskFull;

        if (work == DuckDbWork.Opening)
        {
            return Says(error, "lock") ? ErrorCode.DataFolderLocked
                : Says(error, "permission denied") ? ErrorCode.AccessDenied
                : ErrorCode.DataCorrupt;
        }

        if (Says(error, "checksum") || Says(error, "corrupt"))
            return ErrorCode.DataCorrupt;

        return work == DuckDbWork.Querying ? ErrorCode.SqlInvalid : ErrorCode.Unavailable;
    }

    /// <summary>A commit that runs out of memory leaves rows without their keys: the next checkpoint fails.</summary>
    private static bool IsHalfCommitted(DuckDbException error) => error.ErrorType == DuckDbErrorType.Transaction && IsOutOfMemory(error);

    private static bool IsDiskFull(DuckDbException error) =>
        Says(error, "no space left") || Says(error, "disk quota") || Says(error, "not enough space");

    private static bool Says(DuckDbException error, string words) =>
        error.Message.Contains(words, StringComparison.OrdinalIgnoreCase);
}
