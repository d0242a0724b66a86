using Tidemill.Core.Warehouses;
using Tidemill.Jinja;
using Tidemill.Models.Project;

namespace Tidemill.Models.Graph;

/// <summary>A model rendered for one target.</summary>
public sealed record CompiledModel
{
    public required string Name { get; init; }

    /// <summary>Its file, relative to the project folder.</summary>
    public required string Path { get; init; }

    public required ModelConfig Config { get; init; }

    /// <summary>Every configured key, dbt's defaults and keys that only dbt knows among them.</summary>
    public required IReadOnlyDictionary<string, object?> Configured { get; init; }

    /// <summary>The project, the folders below the model path, and the name.</summary>
    public required IReadOnlyList<string> Fqn { get; init; }

    /// <summary>The relation that it builds.</summary>
    public required TableName Relation { get; init; }

    /// <summary>The query, without blanks around it.</summary>
    public required string Sql { get; init; }

    /// <summary>Names of the models that it reads, in ordinal order.</summary>
    public required IReadOnlyList<string> DependsOn { get; init; }

    /// <summary>The sources that it reads.</summary>
    public required IReadOnlyList<SourceTable> Sources { get; init; }

    internal JinjaRendering? Rendering { get; init; }

    /// <summary>The line of the file that wrote a line of <see cref="Sql"/>, both from 1.</summary>
    public int FileLine(int sqlLine)
    {
        if (Rendering is null)
            return sqlLine;
        var leading = Rendering.Text.Length - Rendering.Text.AsSpan().TrimStart().Length;
        return Rendering.TemplateLine(sqlLine + Rendering.Text.AsSpan(0, leading).Count('\n'));
    }
}
