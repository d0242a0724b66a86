using Tidemill.Core.Configuration.Shapes;

namespace Tidemill.Core.Components;

/// <summary>The kinds that a program has. The order is that of schemas and guide. Immutable; the files' shapes are made once.</summary>
public sealed class ComponentKinds
{
    private readonly Lazy<FileShapes> _files;

    public ComponentKinds() => _files = new Lazy<FileShapes>(() => new FileShapes(this));

    public IReadOnlyList<ISinkKind> Sinks { get; init; } = [];

    public IReadOnlyList<ISourceKind> Sources { get; init; } = [];

    public IReadOnlyList<ITaskKind> Tasks { get; init; } = [];

    public IReadOnlyList<IConnectionKind> Connections { get; init; } = [];

    /// <summary>The shapes of the project's files with these kinds.</summary>
    internal FileShapes Files => _files.Value;
}
