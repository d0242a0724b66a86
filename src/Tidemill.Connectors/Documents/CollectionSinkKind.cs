using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Configuration.Binding;
using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Documents;
using Tidemill.Core.Errors;
using Tidemill.Core.Schemas;
using Tidemill.Core.Streams;

namespace Tidemill.Connectors.Documents;

/// <summary>Rows as documents of a collection.</summary>
public sealed class CollectionSinkKind : SinkKind<CollectionSinkDefinition>
{
    /// <summary>MongoDB holds a transaction in its cache.</summary>
    private const int BatchRecords = 20_000;

    private static readonly ObjectShape Keys = new(
        new Property("collection", CollectionName.Shape, "Collection written; it comes to be with its first document.") { Required = true },
        new Property("name", CommonShapes.Name, "The sink's name, which its checkpoint is kept under. Default: the collection's name."),
        new Property("id", new EitherShape(CommonShapes.Column, CommonShapes.Columns), "Columns that are the document's _id: the value "
            + "of one, a document of several. Default: the column _id, else topic, partition and offset, which the rows must then carry."),
        new Property(
            "order",
            new ChoiceShape("ordered", "unordered"),
            "unordered: documents behind one that is refused are written nevertheless.")
        { Default = "ordered" });

    private CollectionSinkKind()
    {
    }

    public static CollectionSinkKind Instance { get; } = new();

    public override string Key => "collection";

    public override string Description => "Writes rows as documents of a collection.";

    public override Shape Shape { get; } = new EitherShape(CollectionName.Shape, Mapping: Keys);

    public override SinkDefinition Bind(Section sink, IReadOnlyList<string>? columns)
    {
        sink = sink.Object(Key, Keys, "collection");
        var collection = sink.Text("collection") ?? "";
        var id = sink.Texts("id");
        ColumnCheck.Names(id, "id", columns, sink);
        if (collection == DocumentCollections.Checkpoints || collection.StartsWith("system.", StringComparison.Ordinal))
        {
            sink.Error(
                "collection", $"The collection '{collection}' is kept by Tidemill or the server for itself.", "Choose another collection.");
        }

        return new CollectionSinkDefinition(sink.Text("name") ?? collection, collection)
        {
            Id = [.. id.Select(column => column.Text)],
            Order = sink.Choice("order", BulkOrder.Ordered),
        };
    }

    protected override IEnumerable<ConfigError> Check(CollectionSinkDefinition sink, StreamDefinition stream, Schema rows) =>
        CollectionSinkColumns.Errors(stream, sink, rows);

    protected override string Describe(CollectionSinkDefinition sink) => $"collection {sink.Collection}";

    protected override SinkOutput Output(CollectionSinkDefinition sink) => new DocumentOutput();

    protected override IReadOnlyList<StoreUse> Uses(CollectionSinkDefinition sink) => [StoreUse.Of<IDocumentStore>()];

    protected override SinkTraits Traits(CollectionSinkDefinition sink, StreamDefinition stream, IReadOnlyList<string>? columns)
    {
        var id = CollectionSinkColumns.KeyOf(sink, columns ?? []);
        return new SinkTraits
        {
            Key = id.Count > 0 ? id : CollectionSinkColumns.Position,
            Repeat = RepeatRule.ByKey,
            SetsBack = id.Count > 0,
            BatchRecords = BatchRecords,
            // BSON's dates have milliseconds.
            KeepsMilliseconds = true,
        };
    }

    protected override ISink Open(CollectionSinkDefinition sink, SinkContext context) =>
        new CollectionSink(context.Stores.Get<IDocumentStore>(), context.Project, context.Stream, sink);
}
