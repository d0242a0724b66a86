using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Configuration.Binding;
using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Errors;
using Tidemill.Core.Schemas;
using Tidemill.Core.Search;
using Tidemill.Core.Streams;

namespace Tidemill.Connectors.Search.Streams;

/// <summary>Rows as documents of a search index, under ids that follow from the record or its columns.</summary>
public sealed class IndexSinkKind : SinkKind<IndexSinkDefinition>
{
    private IndexSinkKind()
    {
    }

    public static IndexSinkKind Instance { get; } = new();

    public override string Key => "index";

    public override string Description => "Writes rows as documents of a search index.";

    public override Shape Shape { get; } = new EitherShape(IndexSinkBinder.Name, Mapping: IndexSinkBinder.Keys);

    public override SinkDefinition Bind(Section sink, IReadOnlyList<string>? columns) =>
        IndexSinkBinder.Bind(sink.Object(Key, IndexSinkBinder.Keys, "index"), columns);

    protected override IEnumerable<ConfigError> Check(IndexSinkDefinition sink, StreamDefinition stream, Schema rows) =>
        IndexSinkColumns.Errors(stream, sink, rows);

    protected override string Describe(IndexSinkDefinition sink) => $"index {sink.Index}";

    protected override SinkOutput Output(IndexSinkDefinition sink) => new DocumentOutput();

    protected override IReadOnlyList<StoreUse> Uses(IndexSinkDefinition sink) => [StoreUse.Of<ISearchStore>()];

    protected override SinkTraits Traits(IndexSinkDefinition sink, StreamDefinition stream, IReadOnlyList<string>? columns) => new()
    {
        Key = DocumentEncoder.IdColumns(sink),
        Delete = sink.Delete,
        Version = sink.Version,
        Repeat = RepeatRule.ByKey,
        // Servers forget the version of what was deleted.
        SetsBack = sink is { Id.Count: > 0, CreateOnly: false } && (sink.Version is null || sink.Delete is not null),
    };

    protected override ISink Open(IndexSinkDefinition sink, SinkContext context) =>
        new IndexSink(context.Stores.Get<ISearchStore>(), context.Project, context.Stream, sink, context.Note);
}
