using Tidemill.Core.Components;
using Tidemill.Core.Configuration.Binding;
using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Streams;

namespace Tidemill.Connectors.Generator;

/// <summary>Made-up records, reproducibly.</summary>
public sealed class GeneratorSourceKind : SourceKind<GeneratorSourceDefinition>
{
    private GeneratorSourceKind()
    {
    }

    public static GeneratorSourceKind Instance { get; } = new();

    public override string Key => "generator";

    public override string Description => "Makes records up, reproducibly.";

    public override Shape Shape => GeneratorShapes.Generator;

    public override bool IsNumbered => true;

    public override SourceDefinition Bind(Section source) => GeneratorBinder.Bind(source.Object(Key, GeneratorShapes.Generator));

    protected override string Describe(GeneratorSourceDefinition source) => "generator";

    protected override IPumpSource Open(GeneratorSourceDefinition source, SourceContext context) =>
        new RecordGenerator(source, context.Time);
}
