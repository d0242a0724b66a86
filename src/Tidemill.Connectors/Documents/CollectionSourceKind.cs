using Tidemill.Core.Components;
using Tidemill.Core.Configuration.Binding;
using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Documents;
using Tidemill.Core.Streams;

namespace Tidemill.Connectors.Documents;

/// <summary>Documents of a collection, written to a topic.</summary>
public sealed class CollectionSourceKind : SourceKind<CollectionSourceDefinition>
{
    private static readonly ObjectShape Keys = new(
        new Property("collection", CollectionName.Shape, "Collection to read.") { Required = true },
        new Property(
            "field",
            new TextShape("^[^.$][^$]*$", "a field name, dots for nested ones"),
            "Field that grows from document to document, or with each change of one.")
        { Default = "_id" },
        new Property(
            "overlap",
            new DurationShape(TimeSpan.Zero),
            "How far behind the last date or ObjectId documents are looked for again, because they may show late.")
        { Default = "10s" },
        new Property(
            "types",
            new ChoiceShape("plain", "relaxed", "canonical"),
            "How types that JSON does not have are written: as text and numbers, or as Extended JSON.")
        { Default = "plain" },
        new Property(
            "poll", new DurationShape(TimeSpan.FromMilliseconds(10)), "How long to wait when there was nothing new.")
        { Default = "1s" });

    private CollectionSourceKind()
    {
    }

    public static CollectionSourceKind Instance { get; } = new();

    public override string Key => "collection";

    public override string Description => "Documents of a collection, written to a topic.";

    public override Shape Shape { get; } = new EitherShape(CollectionName.Shape, Mapping: Keys);

    public override SourceDefinition Bind(Section source)
    {
        var section = source.Object(Key, Keys, "collection");
        var defaults = new CollectionSourceDefinition(section.Text("collection") ?? "");
        return defaults with
        {
            Field = section.Text("field") ?? defaults.Field,
            Overlap = section.Duration("overlap") ?? defaults.Overlap,
            Types = section.Choice("types", defaults.Types),
            Poll = section.Duration("poll") ?? defaults.Poll,
        };
    }

    protected override string Describe(CollectionSourceDefinition source) => $"collection {source.Collection}";

    protected override IReadOnlyList<StoreUse> Uses(CollectionSourceDefinition source) => [StoreUse.Of<IDocumentStore>()];

    protected override IPumpSource Open(CollectionSourceDefinition source, SourceContext context) =>
        new CollectionSource(context.Stores.Get<IDocumentStore>(), source);
}
