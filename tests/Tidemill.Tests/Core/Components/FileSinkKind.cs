using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Configuration.Binding;
using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Streams;

namespace Tidemill.Tests.Core.Components;

/// <summary>Rows as lines of JSON in a file.</summary>
/// <param name="Path">The file; created when there is none.</param>
internal sealed record FileSinkDefinition(string Name, string Path) : SinkDefinition(Name, FileSinkKind.Instance)
{
    public IReadOnlyList<string> Id { get; init; } = [];
}

/// <summary>A whole kind that the program does not have.</summary>
internal sealed class FileSinkKind : SinkKind<FileSinkDefinition>
{
    private static readonly TextShape PathShape = new(@"^[^\x00]+\.ndjson$", "a path that ends in .ndjson");

    private static readonly ObjectShape Keys = new(
        new Property("path", PathShape, "File written; created when there is none.") { Required = true },
        new Property("name", CommonShapes.Name, "The sink's name. Default: file."),
        new Property("id", CommonShapes.Columns, "Columns that tell rows apart, for `verify`.") { Required = true });

    private FileSinkKind()
    {
    }

    public static FileSinkKind Instance { get; } = new();

    public override string Key => "file";

    public override string Description => "Writes rows as lines of JSON in a file.";

    public override Shape Shape => Keys;

    public override SinkDefinition Bind(Section sink, IReadOnlyList<string>? columns)
    {
        sink = sink.Object(Key, Keys);
        var id = sink.Texts("id");
        ColumnCheck.Names(id, "id", columns, sink);
        return new FileSinkDefinition(sink.Text("name") ?? "file", sink.Text("path") ?? "") { Id = [.. id.Select(i => i.Text)] };
    }

    protected override string Describe(FileSinkDefinition sink) => $"file {sink.Path}";

    protected override SinkOutput Output(FileSinkDefinition sink) => new DocumentOutput();

    protected override SinkTraits Traits(FileSinkDefinition sink, StreamDefinition stream, IReadOnlyList<string>? columns) => new()
    {
        Key = sink.Id,
        Repeat = RepeatRule.Doubles,
        RepeatRefusal = "lines would stand there twice.",
        Movable = false,
        SharedByProcesses = false,
    };

    protected override ISink Open(FileSinkDefinition sink, SinkContext context) => new FileSink(sink);
}
