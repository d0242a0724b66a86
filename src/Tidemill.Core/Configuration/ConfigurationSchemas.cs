using Tidemill.Core.Configuration.Shapes;

namespace Tidemill.Core.Configuration;

/// <summary>JSON Schemas of the configuration files, as committed under docs/schemas.</summary>
public static class ConfigurationSchemas
{
    /// <summary>File name to schema text, line ends LF.</summary>
    public static IReadOnlyDictionary<string, string> All { get; } = new Dictionary<string, string>
    {
        ["tidemill.schema.json"] = JsonSchemaWriter.Write(ProjectShapes.Root, "Tidemill project: tidemill.yaml"),
        ["stream.schema.json"] = JsonSchemaWriter.Write(StreamShapes.Root, "Tidemill stream: streams/*.yaml"),
        ["workflow.schema.json"] = JsonSchemaWriter.Write(WorkflowShapes.Root, "Tidemill workflow: workflows/*.yaml"),
    };
}
