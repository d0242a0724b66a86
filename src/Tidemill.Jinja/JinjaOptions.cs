namespace Tidemill.Jinja;

/// <summary>What a name that resolves to nothing does when a template uses it.</summary>
public enum UndefinedBehavior
{
    /// <summary>Prints as nothing, is false and empty; reading an attribute of it or calculating with it is an error.</summary>
    Lenient,

    /// <summary>Every use but <c>is defined</c> and <c>default</c> is an error.</summary>
    Strict,

    /// <summary>As lenient, and its attributes and items are undefined too.</summary>
    Chainable,

    /// <summary>As chainable, and calling it gives it again: what dbt does while it reads a project without the database.</summary>
    Callable,
}

/// <summary>How templates are read and rendered. The defaults are those dbt gives to Jinja2.</summary>
public sealed record JinjaOptions
{
    /// <summary>Drop the first newline after a block tag. Default false, as dbt leaves it.</summary>
    public bool TrimBlocks { get; init; }

    /// <summary>Drop blanks before a block tag that starts its line. Default false, as dbt leaves it.</summary>
    public bool LstripBlocks { get; init; }

    /// <summary>Keep the one newline that ends the template. Default false, as in Jinja2.</summary>
    public bool KeepTrailingNewline { get; init; }

    /// <summary>What undefined names do. Default lenient, as in Jinja2.</summary>
    public UndefinedBehavior Undefined { get; init; }

    /// <summary>Block tags besides Jinja2's. Default none.</summary>
    public IReadOnlyList<JinjaBlockTag> BlockTags { get; init; } = [];

    /// <summary>Macros' parameters may have types, <c>{% macro m(a: string) %}</c>, which dbt reads. Default false, as in Jinja2.</summary>
    public bool TypedParameters { get; init; }

    /// <summary>Nested macro calls, brackets or blocks, at most. Default 200, range 1 to 1000; deeper is an error.</summary>
    public int MaxDepth { get; init; } = 200;

    /// <summary>Nodes evaluated in one rendering, at most. Default 100 million, some seconds; more is an error.</summary>
    public long MaxSteps { get; init; } = 100_000_000;

    /// <summary>UTF-16 units of output, at most. Default 64 Mi; more is an error.</summary>
    public int MaxOutputCharacters { get; init; } = 64 * 1024 * 1024;
}
