namespace Tidemill.Core.Components;

/// <summary>A kind of sink: an entry of a stream's <c>sinks</c>.</summary>
public interface ISinkKind : IComponentKind;
