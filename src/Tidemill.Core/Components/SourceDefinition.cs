namespace Tidemill.Core.Components;

/// <summary>What a pump reads. What is particular to it only its kind reads.</summary>
/// <param name="Kind">The kind that bound it.</param>
public abstract record SourceDefinition(ISourceKind Kind)
{
    /// <summary>What is read, for people: <c>collection orders</c>.</summary>
    public string Description => Kind.Describe(this);
}
