namespace Tidemill.Core.Components;

/// <summary>A kind of connection: the <c>type</c> of an entry of a target's <c>connections</c>.</summary>
public interface IConnectionKind : IComponentKind;
