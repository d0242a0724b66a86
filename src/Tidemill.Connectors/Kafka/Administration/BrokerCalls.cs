using Confluent.Kafka;
using Tidemill.Core.Errors;
using ErrorCode = Tidemill.Core.Errors.ErrorCode;

namespace Tidemill.Connectors.Kafka.Administration;

/// <summary>
/// Requests to the brokers, one admin client for all. librdkafka reports a refused login, or that no broker is up, beside
/// the request, which then only runs out of time, connecting again and again without a pause: so the request is given up
/// and the client replaced, not before a short while has passed.
/// </summary>
internal sealed class BrokerCalls : IAsyncDisposable
{
    /// <summary>How long a request may take. Unreachable brokers are known earlier.</summary>
    public static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(10);

    // Addresses of one broker (::1 and 127.0.0.1, say) are tried in turn: all down once may mean one address.
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(1);

    private readonly IReadOnlyDictionary<string, string> _properties;
    private readonly string _description;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private AdminConnection? _connection;
    private Error? _trouble;
    private long _troubleSince;

    public BrokerCalls(IReadOnlyDictionary<string, string> properties, string description, TimeProvider time)
    {
        this._properties = properties;
        this._description = description;
        this._time = time;
        _connection = new AdminConnection(properties);
    }

    /// <param name="action">What is done, as a clause for messages.</param>
    /// <param name="call">The request; its own timeout is <see cref="RequestTimeout"/>.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="TidemillException">AccessDenied, Unavailable, or what the brokers answered.</exception>
    public async Task<T> CallAsync<T>(string action, Func<IAdminClient, Task<T>> call, CancellationToken cancellationToken)
    {
        var current = Connection(action);
        try
        {
            var answer = AskAsync(current, call);
            if (await IsAnsweredAsync(current, answer, cancellationToken))
                return await answer;

            // Nobody waits for the request any more; why it fails is known here already.
            _ = answer.ContinueWith(
                static t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            var error = await current.Heard;
            Replace(current, error);
            throw KafkaErrors.From($"{action} at {_description}", error);
        }
        catch (KafkaException error)
        {
            // A client whose requests run out of time has been seen not to ask for a topic's leaders any more.
            if (KafkaErrors.Code(error.Error.Code) == ErrorCode.Unavailable) Replace(current, current.Trouble);
            throw Explain($"{action} at {_description}", error, current.Trouble);
        }
    }

    /// <summary>The failure of another client's request: by what is known of the brokers rather than the time that ran out.</summary>
    public TidemillException Explain(string action, KafkaException error)
    {
        lock (_gate) return Explain($"{action} at {_description}", error, _connection?.Trouble ?? _trouble);
    }

    /// <summary>A request that was given up still runs until its timeout: the client then goes after it, unwaited.</summary>
    public async ValueTask DisposeAsync()
    {
        AdminConnection? last;
        lock (_gate) (last, _connection) = (_connection, null);
        if (last is null) return;
        await Task.WhenAny(Close(last, new Error(Confluent.Kafka.ErrorCode.Local_Destroy)), Task.Delay(CloseTimeout, _time));
    }

    private static TidemillException Explain(string action, KafkaException error, Error? known) =>
        KafkaErrors.From(action, KafkaErrors.Code(error.Error.Code) == ErrorCode.Unavailable ? known ?? error.Error : error.Error, error);

    private AdminConnection Connection(string action)
    {
        lock (_gate)
        {
            if (_connection is null)
            {
                if (_trouble is not null && _time.GetElapsedTime(_troubleSince) < Pause)
                    throw KafkaErrors.From($"{action} at {_description}", _trouble);
                _trouble = null;
                _connection = new AdminConnection(_properties);
            }

            _connection.Shared.AddReference();
            return _connection;
        }
    }

    private static async Task<T> AskAsync<T>(AdminConnection current, Func<IAdminClient, Task<T>> call)
    {
        try
        {
            return await call(current.Shared.Client);
        }
        finally
        {
            current.Shared.Release();
        }
    }

    /// <summary>Tells everybody who waits, and lets go of a connection that is no longer handed out; completes when it is gone.</summary>
    private static Task Close(AdminConnection connection, Error error)
    {
        connection.Fail(error);
        connection.Shared.Release();
        return connection.Shared.Gone;
    }

    private void Replace(AdminConnection broken, Error? error)
    {
        lock (_gate)
        {
            if (_connection != broken) return;
            (_connection, _trouble, _troubleSince) = (null, error, _time.GetTimestamp());
        }

        _ = Close(broken, error ?? new Error(Confluent.Kafka.ErrorCode.Local_TimedOut));
    }

    /// <summary>
    /// False when the client is in trouble and the request is not answered soon after all. Nothing of an answered request stays
    /// with the client: WhenAny takes itself off the task that goes on, which an await would not.
    /// </summary>
    private async Task<bool> IsAnsweredAsync(AdminConnection current, Task answer, CancellationToken cancellationToken)
    {
        await Task.WhenAny(answer, current.Heard).WaitAsync(cancellationToken);
        if (!answer.IsCompleted)
            await Task.WhenAny(answer, Task.Delay(Grace, _time, cancellationToken)).WaitAsync(cancellationToken);

        return answer.IsCompleted;
    }

    /// <summary>One admin client, and the first trouble heard of it.</summary>
    private sealed class AdminConnection
    {
        private readonly TaskCompletionSource<Error> _heard = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile Error? _trouble;

        public AdminConnection(IReadOnlyDictionary<string, string> properties) => Shared = new SharedClient<IAdminClient>(
            new AdminClientBuilder(properties)
                .SetErrorHandler((_, error) => OnError(KafkaErrors.Clarified(error)))
                .SetLogHandler((_, _) => { })
                .Build());

        public SharedClient<IAdminClient> Shared { get; }

        public Task<Error> Heard => _heard.Task;

        public Error? Trouble => _trouble;

        public void Fail(Error error) => _heard.TrySetResult(error);

        private void OnError(Error error)
        {
            if (KafkaErrors.Code(error.Code) != ErrorCode.AccessDenied && error.Code != Confluent.Kafka.ErrorCode.Local_AllBrokersDown)
                return;
            // That all brokers are down because each refuses the login is no news.
            if (_trouble is null) _trouble = error;
            Fail(_trouble);
        }
    }
}
