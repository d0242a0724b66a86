using Tidemill.Models.Graph;
using Tidemill.Models.Project;

namespace Tidemill.Models.Selection;

/// <summary>What a criterion can pick: a model, or a source's table, which only leads to the models that read it.</summary>
internal sealed record SelectionNode(string Package, string Name, string Path)
{
    public CompiledModel? Model { get; init; }

    public SourceTable? Source { get; init; }

    public List<SelectionNode> Parents { get; } = [];

    public List<SelectionNode> Children { get; } = [];

    public bool Equals(SelectionNode? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}
