using Tidemill.Core.Warehouses;

namespace Tidemill.Core.Components;

/// <summary>Where a sink's rows stand and how they are read back. The three forms are all that replay and verify know.</summary>
public abstract record SinkOutput;

/// <summary>Rows of a table of the warehouse; the sink is an <see cref="Streams.ITableSink"/>.</summary>
/// <param name="Write">The table, and how rows meet those that are there.</param>
public sealed record TableOutput(TableWrite Write) : SinkOutput
{
    public TableName Table => Write.Table;
}

/// <summary>Records of a topic.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Connection">One of the target's connections. Null: the target's log.</param>
public sealed record TopicOutput(string Topic, string? Connection) : SinkOutput
{
    /// <summary>Column that is a record's value. Null: the row as a JSON object.</summary>
    public string? ValueColumn { get; init; }

    /// <summary>True when nothing but the topic is said: records go there as they are.</summary>
    public bool OnlyNamed { get; init; }
}

/// <summary>Documents, one a row; the sink is an <see cref="Streams.IDocumentSink"/>.</summary>
public sealed record DocumentOutput : SinkOutput;
