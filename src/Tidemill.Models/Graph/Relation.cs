using Tidemill.Core.Warehouses;
using Tidemill.Jinja;

namespace Tidemill.Models.Graph;

/// <summary>A relation as templates see it: prints as its quoted name, and has dbt's attributes.</summary>
internal sealed class Relation(TableName name) : IJinjaObject
{
    public TableName Name { get; } = name;

    public bool TryGetAttribute(string name, out object? value)
    {
        value = name switch
        {
            "identifier" or "name" or "table" => Name.Name,
            "schema" => Name.Schema,
            _ => null,
        };
        return value is not null || name == "database";
    }

    public string ToText() => Name.Quoted;
}
