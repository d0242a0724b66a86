using Confluent.Kafka;
using Tidemill.Core.Errors;
using ErrorCode = Tidemill.Core.Errors.ErrorCode;

namespace Tidemill.Connectors.Kafka.Administration;

/// <summary>
/// Requests to the brokers through one admin client. librdkafka reports a refused login beside the request, which then
/// only runs out of time: the refusal ends the request here.
/// </summary>
internal sealed class BrokerCalls : IDisposable
{
    /// <summary>How long a request may take. Unreachable brokers are known earlier.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    // Addresses of one broker (::1 and 127.0.0.1, say) are tried in turn: all down once may mean one address.
    private static readonly TimeSpan DownPatience = TimeSpan.FromSeconds(3);

    private readonly IAdminClient client;
    private readonly string description;
    private readonly TimeProvider time;
    private TaskCompletionSource<Error> refused = NewSignal();
    private TaskCompletionSource<Error> down = NewSignal();

    public BrokerCalls(IReadOnlyDictionary<string, string> properties, string description, TimeProvider time)
    {
        this.description = description;
        this.time = time;
        client = new AdminClientBuilder(properties)
            .SetErrorHandler((_, error) => OnError(error))
            .SetLogHandler((_, _) => { })
            .Build();
    }

    /// <param name="action">What is done, as a clause for messages.</param>
    /// <param name="call">The request; its own timeout is <see cref="Patience"/>.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="TidemillException">AccessDenied, Unavailable, or what the brokers answered.</exception>
    public async Task<T> CallAsync<T>(string action, Func<IAdminClient, Task<T>> call, CancellationToken cancellationToken)
    {
        var (refusal, outage) = (NewSignal(ref refused), NewSignal(ref down));
        try
        {
            var answer = call(client);
            _ = answer.ContinueWith(static t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            var unreachable = UnreachableAsync(outage.Task, answer, cancellationToken);
            var first = await Task.WhenAny(answer, refusal.Task, unreachable).WaitAsync(cancellationToken).ConfigureAwait(false);
            if (first == answer) return await answer.ConfigureAwait(false);
            var error = first == refusal.Task ? await refusal.Task.ConfigureAwait(false) : await unreachable.ConfigureAwait(false);
            throw KafkaErrors.From($"{action} at {description}", error);
        }
        catch (KafkaException error)
        {
            throw await ExplainAsync($"{action} at {description}", error, refusal.Task, outage.Task).ConfigureAwait(false);
        }
    }

    /// <summary>A request's failure by its cause: a refused login or brokers that are down rather than the time that ran out.</summary>
    public Task<TidemillException> ExplainAsync(string action, KafkaException error) => ExplainAsync(action, error, refused.Task, down.Task);

    public void Dispose() => client.Dispose();

    private static async Task<TidemillException> ExplainAsync(string action, KafkaException error, Task<Error> refusal, Task<Error> outage)
    {
        var known = KafkaErrors.Code(error.Error.Code) != ErrorCode.Unavailable ? error.Error
            : refusal.IsCompletedSuccessfully ? await refusal.ConfigureAwait(false)
            : outage.IsCompletedSuccessfully ? await outage.ConfigureAwait(false)
            : error.Error;
        return KafkaErrors.From(action, known, error);
    }

    private async Task<Error> UnreachableAsync(Task<Error> outage, Task answer, CancellationToken cancellationToken)
    {
        var error = await outage.ConfigureAwait(false);
        await Task.WhenAny(answer, Task.Delay(DownPatience, time, cancellationToken)).ConfigureAwait(false);
        return error;
    }

    private void OnError(Error error)
    {
        if (KafkaErrors.Code(error.Code) == ErrorCode.AccessDenied) Volatile.Read(ref refused).TrySetResult(error);
        if (error.Code == Confluent.Kafka.ErrorCode.Local_AllBrokersDown) Volatile.Read(ref down).TrySetResult(error);
    }

    /// <summary>The signal in place while nothing was heard, else a new one.</summary>
    private static TaskCompletionSource<Error> NewSignal(ref TaskCompletionSource<Error> signal)
    {
        var current = Volatile.Read(ref signal);
        if (!current.Task.IsCompleted) return current;
        var fresh = NewSignal();
        var before = Interlocked.CompareExchange(ref signal, fresh, current);
        return before == current ? fresh : before;
    }

    private static TaskCompletionSource<Error> NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
