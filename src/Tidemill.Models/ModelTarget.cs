using Tidemill.Core.Warehouses;

namespace Tidemill.Models;

/// <summary>What models see of the chosen target, as dbt's <c>target</c>.</summary>
/// <param name="Name">The target's name, such as <c>dev</c>.</param>
/// <param name="Schema">The schema that models are built in.</param>
/// <param name="Type">The engine's dialect: <c>duckdb</c> or <c>postgres</c>.</param>
public sealed record ModelTarget(string Name, string Schema, string Type)
{
    /// <summary>The target of a warehouse: its models go to the warehouse's default schema.</summary>
    public static ModelTarget Of(string name, ISqlEngine warehouse)
    {
        ArgumentNullException.ThrowIfNull(warehouse);
        return new ModelTarget(name, warehouse.DefaultSchema, warehouse.Dialect.Name);
    }
}
