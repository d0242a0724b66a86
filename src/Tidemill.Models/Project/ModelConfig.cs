using Tidemill.Core.Warehouses;

namespace Tidemill.Models.Project;

/// <summary>How a model becomes a relation.</summary>
public enum Materialization
{
    View,
    Table,
}

/// <summary>
/// A model's configuration after merging, lowest first: dbt_project.yml from the outer folder to the inner, the model's
/// entry in a properties file, <c>config()</c> in its SQL.
/// </summary>
public sealed record ModelConfig
{
    /// <summary>Default view, as in dbt.</summary>
    public Materialization Materialization { get; init; } = Materialization.View;

    /// <summary>A disabled model is neither built nor can it be referred to. Default true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>The relation's name. Default: the model's.</summary>
    public string? Alias { get; init; }

    /// <summary>A schema beside the target's: the relation goes to <c>targetschema_schema</c>, as in dbt. Default none.</summary>
    public string? Schema { get; init; }

    /// <summary>Indexes of a table. Default none.</summary>
    public IReadOnlyList<IndexSpec> Indexes { get; init; } = [];
}
