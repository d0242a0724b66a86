using Tidemill.Core.Configuration.Shapes;

namespace Tidemill.Core.Components;

/// <summary>
/// One kind of part that a project's YAML can name: a sink, a source, a task, a connection. A kind holds all that is its own in one
/// folder: definition, shape, binder, checks, traits and opening. Whoever runs the program lists it once.
/// </summary>
public interface IComponentKind
{
    /// <summary>The YAML key that names the kind: <c>index</c>. Unique among the kinds of one list.</summary>
    string Key { get; }

    /// <summary>What the kind does, in one sentence, for editors and the guide.</summary>
    string Description { get; }

    /// <summary>What may stand under the key. Validation, JSON Schema and the guide's tables follow from it.</summary>
    Shape Shape { get; }
}
