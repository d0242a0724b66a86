namespace Tidemill.Observability.Health;

public enum HealthState
{
    Healthy,

    /// <summary>Works, with something held back: a paused stream, a stream that waits for its sink.</summary>
    Degraded,

    /// <summary>Does not do its work.</summary>
    Unhealthy,
}

/// <param name="Name">The part: log, warehouse, streams, scheduler, search.</param>
/// <param name="State">How it is.</param>
/// <param name="Detail">One sentence for people, without secrets.</param>
public sealed record HealthPart(string Name, HealthState State, string Detail);

/// <summary>Every part as it stands; the whole is as healthy as its worst part.</summary>
public sealed record HealthReport(IReadOnlyList<HealthPart> Parts)
{
    public HealthState State => Parts.Count == 0 ? HealthState.Healthy : Parts.Max(p => p.State);

    /// <summary>A server that is degraded still serves; only an unhealthy one answers 503.</summary>
    public int StatusCode => State == HealthState.Unhealthy ? 503 : 200;
}
