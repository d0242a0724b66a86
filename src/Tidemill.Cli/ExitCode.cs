using Tidemill.Core.Errors;

namespace Tidemill.Cli;

/// <summary>Exit codes, as docs/guides/command-line.md lists them.</summary>
internal static class ExitCode
{
    public const int Success = 0;

    /// <summary>The work was done and the answer is no: errors found, a run failed, records lost.</summary>
    public const int Failed = 1;

    /// <summary>Arguments that make no sense.</summary>
    public const int Usage = 2;

    /// <summary>Something around Tidemill must change first: a lock, a port, a server, a library.</summary>
    public const int Environment = 3;

    /// <summary>Stopped by Ctrl-C before the end.</summary>
    public const int Interrupted = 130;

    public static int For(ErrorCode code) => code switch
    {
        ErrorCode.InvalidRequest or ErrorCode.NotFound => Usage,
        ErrorCode.DataFolderLocked or ErrorCode.PortInUse or ErrorCode.Unavailable or ErrorCode.AccessDenied
            or ErrorCode.NativeLibraryMissing or ErrorCode.DiskFull or ErrorCode.TimedOut or ErrorCode.VersionTooOld => Environment,
        _ => Failed,
    };
}
