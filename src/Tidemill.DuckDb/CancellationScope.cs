namespace Tidemill.DuckDb;

/// <summary>
/// While it lives, cancelling the token interrupts the connection's running query and lets new ones fail with
/// <see cref="OperationCanceledException"/>. Disposing it restores what was before.
/// </summary>
public readonly struct CancellationScope : IDisposable, IEquatable<CancellationScope>
{
    private readonly DuckDbConnection _connection;
    private readonly CancellationToken _previous;
    private readonly CancellationTokenRegistration _registration;

    internal CancellationScope(DuckDbConnection connection, CancellationToken previous, CancellationToken current)
    {
        _connection = connection;
        _previous = previous;
        _registration = current.UnsafeRegister(static state => ((DuckDbConnection)state!).Interrupt(), connection);
    }

    public void Dispose()
    {
        // Waits for a callback that is running, so that no late interrupt hits the next query.
        _registration.Dispose();
        _connection?.EndCancellation(_previous);
    }

    public bool Equals(CancellationScope other) =>
        ReferenceEquals(_connection, other._connection) && _registration.Equals(other._registration);

    public override bool Equals(object? obj) => obj is CancellationScope other && Equals(other);

    public override int GetHashCode() => _registration.GetHashCode();

    public static bool operator ==(CancellationScope left, CancellationScope right) => left.Equals(right);

    public static bool operator !=(CancellationScope left, CancellationScope right) => !left.Equals(right);
}
