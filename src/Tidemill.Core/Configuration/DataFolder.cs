namespace Tidemill.Core.Configuration;

/// <summary>Where a project keeps what it stores: one folder, one process at a time.</summary>
/// <param name="Path">Absolute path of the folder.</param>
public sealed record DataFolder(string Path)
{
    /// <summary>Segments of the embedded log, one folder a partition.</summary>
    public string Log => Combine("log");

    /// <summary>The embedded warehouse.</summary>
    public string Warehouse => Combine("warehouse.duckdb");

    /// <summary>The embedded search store.</summary>
    public string Search => Combine("search.duckdb");

    /// <summary>Address of the running server, for other commands; there only while it runs.</summary>
    public string Server => Combine("server.json");

    /// <summary>Held open by the process that owns the folder.</summary>
    public string Lock => Combine("lock");

    /// <summary>The folder for a project: <paramref name="data"/> when given, else <c>.tidemill</c> inside the project. Creates
    /// nothing.</summary>
    public static DataFolder For(string projectFolder, string? data = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(projectFolder);
        return new DataFolder(System.IO.Path.GetFullPath(
            string.IsNullOrWhiteSpace(data) ? System.IO.Path.Combine(projectFolder, ".tidemill") : data));
    }

    /// <summary>The part of the folder that belongs to one worker.</summary>
    public DataFolder ForWorker(string name) => new(Combine(System.IO.Path.Combine("workers", name)));

    private string Combine(string name) => System.IO.Path.Combine(Path, name);
}
