using Tidemill.Core.Errors;

namespace Tidemill.Log.Storage;

/// <summary>Turns a file system's failure into the error the user sees.</summary>
internal static class StorageErrors
{
    public static bool IsStorageError(Exception error) => error is IOException or UnauthorizedAccessException;

    /// <param name="action">What could not be done, as a clause: <c>append to orders/0</c>.</param>
    /// <param name="error">The framework's exception, kept as the inner one.</param>
    public static TidemillException From(string action, Exception error) =>
        new(Code(error), $"Could not {action}: {error.Message}", error);

    private static ErrorCode Code(Exception error) => error switch
    {
        UnauthorizedAccessException => ErrorCode.AccessDenied,
        _ when IsDiskFull(error.HResult & 0xFFFF) => ErrorCode.DiskFull,
        _ => ErrorCode.Unavailable,
    };

    // ENOSPC, EDQUOT (122 on Linux, 69 on macOS); ERROR_DISK_FULL, ERROR_HANDLE_DISK_FULL.
    private static bool IsDiskFull(int code) => OperatingSystem.IsWindows()
        ? code is 112 or 39
        : code == 28 || code == (OperatingSystem.IsMacOS() ? 69 : 122);
}
