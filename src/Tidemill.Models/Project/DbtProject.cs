namespace Tidemill.Models.Project;

/// <summary>A dbt project folder as read: models with their text, sources, variables. Nothing is rendered yet.</summary>
public sealed record DbtProject
{
    /// <summary>The folder's absolute path.</summary>
    public required string Folder { get; init; }

    public required string Name { get; init; }

    /// <summary>Models by path, in ordinal order.</summary>
    public required IReadOnlyList<ModelFile> Models { get; init; }

    public required IReadOnlyList<SourceTable> Sources { get; init; }

    /// <summary>The values of <c>var()</c>.</summary>
    public required IReadOnlyDictionary<string, object?> Vars { get; init; }

    /// <summary>The files of macros/, path and text.</summary>
    public required IReadOnlyList<(string Path, string Text)> Macros { get; init; }
}

/// <summary>A model's file.</summary>
/// <param name="Name">The file's name without its ending; unique in the project.</param>
/// <param name="Path">Path relative to the project folder, with forward slashes.</param>
/// <param name="Text">The SQL with its Jinja.</param>
/// <param name="Settings">What dbt_project.yml and properties files configure for it, by key, without <c>+</c>.</param>
public sealed record ModelFile(string Name, string Path, string Text, IReadOnlyList<ModelSetting> Settings)
{
    /// <summary>The folders between the model path and the file, outermost first.</summary>
    public IReadOnlyList<string> Folders { get; init; } = [];
}

/// <summary>One configured key. Strings with Jinja in them are rendered when the model is.</summary>
public sealed record ModelSetting(string Key, object? Value, string File, int Line);

/// <summary>A table that something else writes, declared so that models can read it. Texts may hold Jinja.</summary>
public sealed record SourceTable(string Source, string Name, string Schema, string Identifier, string File, int Line);
