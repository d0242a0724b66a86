namespace Tidemill.Core.Errors;

/// <summary>
/// The one exception Tidemill throws. Messages name places (file:line, topic/partition/offset, table, column),
/// never cell values or secrets.
/// </summary>
public sealed class TidemillException(ErrorCode code, string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    public ErrorCode Code { get; } = code;

    public ErrorRule Rule => ErrorCatalog.Rule(Code);

    /// <summary>The line of the SQL text that the error is about, from 1; 0 when the engine names none.</summary>
    public int SqlLine { get; init; }

    /// <summary>The character of the SQL text that the error is about, from 1; 0 when the engine names none.</summary>
    public int SqlCharacter { get; init; }

    /// <summary>Every configuration error found, when <see cref="Code"/> is <see cref="ErrorCode.ConfigurationInvalid"/>.</summary>
    public IReadOnlyList<ConfigError> ConfigErrors { get; init; } = [];

    public static TidemillException Configuration(IReadOnlyList<ConfigError> errors) =>
        new(ErrorCode.ConfigurationInvalid, string.Join(Environment.NewLine, errors)) { ConfigErrors = errors };
}

/// <summary>One configuration error: where, what, and the exact fix.</summary>
/// <param name="Path">Dotted path inside the file, such as <c>targets.dev.warehouse.type</c>.</param>
/// <param name="Problem">What is wrong, one sentence.</param>
/// <param name="Fix">What to write instead.</param>
/// <param name="File">Path relative to the project folder.</param>
/// <param name="Line">One-based line, 0 when the file as a whole is meant.</param>
public sealed record ConfigError(string Path, string Problem, string Fix, string File, int Line)
{
    public override string ToString() =>
        $"{File}{(Line == 0 ? "" : $":{Line}")}: {(Path.Length == 0 ? "" : Path + ": ")}{Problem} {Fix}";
}
