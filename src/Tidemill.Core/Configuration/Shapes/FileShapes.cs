using Tidemill.Core.Components;

namespace Tidemill.Core.Configuration.Shapes;

/// <summary>The shapes of a project's files, made of what is always there and of the kinds that are installed.</summary>
internal sealed class FileShapes(ComponentKinds kinds)
{
    public ProjectShapes Project { get; } = new(kinds);

    public StreamShapes Stream { get; } = new(kinds);

    public WorkflowShapes Workflow { get; } = new(kinds);

    public ObjectShape Dashboard { get; } = DashboardShapes.Root;

    /// <summary>A kind's key in a mapping where it is one of several.</summary>
    public static Property Of(IComponentKind kind) => new(kind.Key, kind.Shape, kind.Description);
}
