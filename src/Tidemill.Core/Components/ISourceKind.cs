namespace Tidemill.Core.Components;

/// <summary>A kind of source that a pump reads: a key of <c>source</c>.</summary>
public interface ISourceKind : IComponentKind;
