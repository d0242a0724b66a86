namespace Tidemill.Tests.Log;

/// <summary>A new folder, deleted with everything in it on disposal.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("tidemill-log-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
