using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Server.Hosting;

namespace Tidemill.Tests.Server.Hosting;

public sealed class DataFolderLockTests : IDisposable
{
    // EROFS, or ERROR_WRITE_PROTECT on Windows.
    private static readonly int ReadOnlyDisk = OperatingSystem.IsWindows() ? unchecked((int)0x80070013) : 30;

    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-lock-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_file_in_the_folders_place_is_named_and_is_not_waited_for()
    {
        var path = Path.Combine(_folder, "data");
        File.WriteAllText(path, "");

        var error = Assert.Throws<TidemillException>(() => DataFolderLock.Acquire(new DataFolder(path)));

        Assert.Equal(ErrorCode.ConfigurationInvalid, error.Code);
        Assert.Contains($"{path} is a file", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_read_only_disk_waits_for_somebody_who_changes_the_rights()
    {
        var error = StorageErrors.From("take the data folder", new IOException("Read-only file system", ReadOnlyDisk));

        Assert.Equal((ErrorCode.AccessDenied, RetryRule.Manual), (error.Code, error.Rule.Retry));
        Assert.Contains("rights of the named folder", error.Rule.Remedy, StringComparison.Ordinal);
    }
}
