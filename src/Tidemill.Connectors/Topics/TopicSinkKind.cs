using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Configuration.Binding;
using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;
using Tidemill.Core.Streams;

namespace Tidemill.Connectors.Topics;

/// <summary>Rows, or records as they are, into a topic.</summary>
public sealed class TopicSinkKind : SinkKind<TopicSinkDefinition>
{
    private TopicSinkKind()
    {
    }

    public static TopicSinkKind Instance { get; } = new();

    public override string Key => "topic";

    public override string Description =>
        "Writes records to a topic: rows, records as they are, or those of a pump.";

    public override Shape Shape { get; } = new EitherShape(CommonShapes.Topic, Mapping: TopicSinkBinder.Keys);

    public override bool TakesRecords => true;

    public override SinkDefinition Bind(Section sink, IReadOnlyList<string>? columns) =>
        TopicSinkBinder.Bind(sink.Object(Key, TopicSinkBinder.Keys, "name"), columns);

    protected override void Check(TopicSinkDefinition sink, StreamDefinition stream, Section root) =>
        TopicSinkBinder.Check(sink, stream, root);

    protected override IEnumerable<ConfigError> Check(TopicSinkDefinition sink, StreamDefinition stream, Schema rows) =>
        TopicSinkColumns.Errors(stream, sink, rows);

    protected override string Describe(TopicSinkDefinition sink) => $"topic {sink.Topic}";

    protected override SinkOutput Output(TopicSinkDefinition sink) => new TopicOutput(sink.Topic, sink.Connection)
    {
        ValueColumn = sink.ValueColumn,
        OnlyNamed = sink is { Connection: null, PartitionBy: null } && !TopicSinkBinder.HasRowKeys(sink),
    };

    protected override IReadOnlyList<StoreUse> Uses(TopicSinkDefinition sink) => [StoreUse.Of<ILog>(sink.Connection)];

    protected override SinkTraits Traits(TopicSinkDefinition sink, StreamDefinition stream, IReadOnlyList<string>? columns) => new()
    {
        Repeat = RepeatRule.Doubles,
        RepeatRefusal = "a topic would hold the records twice.",
        OnePartition = true,
        Movable = false,
    };

    protected override ISink Open(TopicSinkDefinition sink, SinkContext context)
    {
        var source = context.Stores.Get<ILog>(context.Stream.Source.Connection);
        return new TopicSink(source, context.Stores.Get<ILog>(sink.Connection), context.Project, context.Stream, sink);
    }
}
