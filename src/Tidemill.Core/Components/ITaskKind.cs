using Tidemill.Core.Configuration;
using Tidemill.Core.Configuration.Binding;

namespace Tidemill.Core.Components;

/// <summary>A kind of task: what a workflow's task does, by the key that stands in it.</summary>
public interface ITaskKind : IComponentKind
{
    /// <summary>The action under <see cref="IComponentKind.Key"/>. Errors go to the section's report; binding goes on.</summary>
    /// <param name="task">The whole task, in which the key stands.</param>
    TaskAction Bind(Section task);
}
