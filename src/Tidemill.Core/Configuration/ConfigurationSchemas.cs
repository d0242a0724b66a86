using Tidemill.Core.Components;
using Tidemill.Core.Configuration.Shapes;

namespace Tidemill.Core.Configuration;

/// <summary>JSON Schemas of the configuration files, as committed under docs/schemas.</summary>
public static class ConfigurationSchemas
{
    /// <summary>File name to schema text, line ends LF, for a program with these kinds.</summary>
    public static IReadOnlyDictionary<string, string> Write(ComponentKinds kinds) =>
        Files(kinds).ToDictionary(f => $"{f.Name}.schema.json", f => JsonSchemaWriter.Write(f.Shape, f.Title));

    /// <summary>Each file of a project: the schema's name, its title and its shape.</summary>
    internal static IReadOnlyList<(string Name, string Title, ObjectShape Shape)> Files(ComponentKinds kinds) =>
    [
        ("tidemill", "Tidemill project: tidemill.yaml", kinds.Files.Project.Root),
        ("stream", "Tidemill stream: streams/*.yaml", kinds.Files.Stream.Root),
        ("workflow", "Tidemill workflow: workflows/*.yaml", kinds.Files.Workflow.Root),
        ("dashboard", "Tidemill dashboard: dashboards/*.yaml", kinds.Files.Dashboard),
    ];
}
