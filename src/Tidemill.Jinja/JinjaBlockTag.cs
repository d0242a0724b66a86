namespace Tidemill.Jinja;

/// <summary>What stands behind the name in a block tag of the host.</summary>
public enum JinjaBlockHead
{
    /// <summary>Nothing: <c>{% docs orders %}</c>.</summary>
    Name,

    /// <summary>Parameters, as a macro has them: <c>{% test positive(model, column_name) %}</c>.</summary>
    Parameters,

    /// <summary>Options: <c>{% materialization view, adapter='duckdb' %}</c>; a bare <c>default</c> is one.</summary>
    Options,
}

/// <summary>
/// A block tag that defines something by name and ends with <c>end</c> and its own name. Its body is kept as a macro,
/// <see cref="JinjaTemplate.Macros"/>; where the template is rendered, it prints nothing and defines nothing.
/// </summary>
/// <param name="OptionNames">The options that a head of options may have; another is an error where it stands.</param>
public sealed record JinjaBlockTag(string Name, JinjaBlockHead Head, params IReadOnlyList<string> OptionNames)
{
    internal string End => "end" + Name;
}
