using Tidemill.Core.Configuration.Shapes;

namespace Tidemill.Core.Configuration;

/// <summary>JSON Schemas of the configuration files, as committed under docs/schemas.</summary>
public static class ConfigurationSchemas
{
    /// <summary>Each kind of file: the schema's name, its title and its shape.</summary>
    internal static IReadOnlyList<(string Name, string Title, ObjectShape Shape)> Kinds { get; } =
    [
        ("tidemill", "Tidemill project: tidemill.yaml", ProjectShapes.Root),
        ("stream", "Tidemill stream: streams/*.yaml", StreamShapes.Root),
        ("workflow", "Tidemill workflow: workflows/*.yaml", WorkflowShapes.Root),
        ("dashboard", "Tidemill dashboard: dashboards/*.yaml", DashboardShapes.Root),
    ];

    /// <summary>File name to schema text, line ends LF.</summary>
    public static IReadOnlyDictionary<string, string> All { get; } =
        Kinds.ToDictionary(k => $"{k.Name}.schema.json", k => JsonSchemaWriter.Write(k.Shape, k.Title));
}
