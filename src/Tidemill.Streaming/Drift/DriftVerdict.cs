using Tidemill.Core.Errors;

namespace Tidemill.Streaming.Drift;

internal enum DriftAction
{
    /// <summary>The batch goes on as it was decoded.</summary>
    Continue,

    /// <summary>The stream begins anew in front of the batch, with a schema that takes it.</summary>
    Restart,

    /// <summary>The stream stops in front of a record.</summary>
    Halt,
}

/// <summary>What becomes of a batch whose records were compared with the declared schema.</summary>
/// <param name="Before">Halt: how many of the batch's records lie in front of the one that drifts.</param>
/// <param name="Error">Halt: what to tell people.</param>
internal sealed record DriftVerdict(DriftAction Action, int Before = 0, TidemillException? Error = null)
{
    public static readonly DriftVerdict Continue = new(DriftAction.Continue);

    public static readonly DriftVerdict Restart = new(DriftAction.Restart);
}
