namespace Tidemill.Core.Errors;

/// <summary>Turns a file system's failure into the error the user sees.</summary>
public static class StorageErrors
{
    public static bool IsStorageError(Exception error) => error is IOException or UnauthorizedAccessException;

    /// <param name="action">What could not be done, as a clause: <c>append to orders/0</c>.</param>
    /// <param name="error">The framework's exception, kept as the inner one.</param>
    public static TidemillException From(string action, Exception error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return new(Code(error), $"Could not {action}: {error.Message}", error);
    }

    /// <summary>True when the disk has no room left or a quota is reached.</summary>
    public static bool IsDiskFull(Exception error) => error is IOException && IsDiskFull(error.HResult & 0xFFFF);

    private static ErrorCode Code(Exception error) => error switch
    {
        UnauthorizedAccessException => ErrorCode.AccessDenied,
        _ when IsReadOnly(error.HResult & 0xFFFF) => ErrorCode.AccessDenied,
        _ when IsDiskFull(error.HResult & 0xFFFF) => ErrorCode.DiskFull,
        _ => ErrorCode.Unavailable,
    };

    // EROFS; ERROR_WRITE_PROTECT.
    private static bool IsReadOnly(int code) => code == (OperatingSystem.IsWindows() ? 19 : 30);

    // ENOSPC, EDQUOT (122 on Linux, 69 on macOS); ERROR_DISK_FULL, ERROR_HANDLE_DISK_FULL.
    private static bool IsDiskFull(int code) => OperatingSystem.IsWindows()
        ? code is 112 or 39
        : code == 28 || code == (OperatingSystem.IsMacOS() ? 69 : 122);
}
