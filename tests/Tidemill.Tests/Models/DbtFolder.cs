using Tidemill.Core.Errors;
using Tidemill.Models;
using Tidemill.Models.Graph;
using Tidemill.Models.Project;

namespace Tidemill.Tests.Models;

/// <summary>A dbt project in a temporary folder.</summary>
internal sealed class DbtFolder : IDisposable
{
    public const string Project = "name: shop\n";

    public DbtFolder(params IEnumerable<(string Path, string Text)> files)
    {
        Write(DbtProjectReader.ProjectFile, Project);
        foreach (var (path, text) in files)
            Write(path, text);
    }

    public string Path { get; } = Directory.CreateTempSubdirectory("tidemill-models-").FullName;

    public static ModelTarget Dev { get; } = new("dev", "main", "duckdb");

    public void Write(string path, string text)
    {
        var file = System.IO.Path.Combine(Path, path);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }

    public ModelGraph Compile(ModelTarget? target = null, Dictionary<string, string?>? variables = null) =>
        ModelCompiler.Compile(DbtProjectReader.Read(Path), target ?? Dev, variables ?? []);

    public IReadOnlyList<string> Errors() =>
        [.. Assert.Throws<TidemillException>(() => Compile()).ConfigErrors.Select(error => error.ToString())];

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
