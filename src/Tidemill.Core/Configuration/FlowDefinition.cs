using Tidemill.Core.Components;

namespace Tidemill.Core.Configuration;

/// <summary>One file of <c>streams/</c>: a stream or a pump.</summary>
public abstract record FlowDefinition
{
    /// <summary>Letters, digits, - and _; unique in the project.</summary>
    public required string Name { get; init; }

    /// <summary>Path relative to the project folder, for messages.</summary>
    public required string File { get; init; }

    public bool Enabled { get; init; } = true;
}

/// <summary>A flow from a source outside, or made up, into a topic of the target's log, as the records are.</summary>
public sealed record PumpDefinition : FlowDefinition
{
    public required SourceDefinition Source { get; init; }

    /// <summary>The topic written.</summary>
    public required string Topic { get; init; }
}
