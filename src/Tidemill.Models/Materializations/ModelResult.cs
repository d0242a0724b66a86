using Tidemill.Core.Errors;

namespace Tidemill.Models.Materializations;

public enum ModelStatus
{
    Succeeded,
    Failed,

    /// <summary>Not run, because a model that it reads failed or was skipped.</summary>
    Skipped,
}

/// <summary>What became of one model.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Status">Its outcome.</param>
/// <param name="Rows">Rows of the table as the engine counted them while building it; 0 for views.</param>
/// <param name="Duration">Time from its first statement to the end of the commit.</param>
/// <param name="Error">Why it failed, or which model it was skipped for.</param>
public sealed record ModelResult(string Model, ModelStatus Status, long Rows, TimeSpan Duration, ModelError? Error = null);

/// <summary>Why a model failed.</summary>
/// <param name="Code">The error's code, or for a skipped model that of the one that failed; it says whether trying again can help.</param>
/// <param name="Message">What is wrong; begins with <c>file:line</c>, or the file when no line is known.</param>
/// <param name="File">The model's file, relative to the project folder.</param>
/// <param name="Line">The line, from 1; 0 when it is not known.</param>
public sealed record ModelError(ErrorCode Code, string Message, string File, int Line);
