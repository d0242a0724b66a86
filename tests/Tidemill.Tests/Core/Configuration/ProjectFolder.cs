namespace Tidemill.Tests.Core.Configuration;

/// <summary>A project folder that is deleted with the test.</summary>
internal sealed class ProjectFolder : IDisposable
{
    public ProjectFolder() => Directory.CreateDirectory(Path);

    public string Path { get; } =
        System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"tidemill-config-{Guid.NewGuid():N}");

    public ProjectFolder With(string file, string text)
    {
        var full = System.IO.Path.Combine(Path, file);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
        return this;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
