using Confluent.Kafka;
using Tidemill.Core.Errors;
using ErrorCode = Tidemill.Core.Errors.ErrorCode;

namespace Tidemill.Connectors.Kafka.Administration;

/// <summary>
/// Requests to the brokers through one admin client. librdkafka reports a refused login beside the request, which then
/// only runs out of time: the refusal ends the request here.
/// </summary>
internal sealed class BrokerCalls : IAsyncDisposable
{
    /// <summary>How long a request may take. Unreachable brokers are known earlier.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    // Addresses of one broker (::1 and 127.0.0.1, say) are tried in turn: all down once may mean one address.
    private static readonly TimeSpan DownPatience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan RefusedPatience = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(1);

    private readonly IAdminClient client;
    private readonly string description;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private TaskCompletionSource heard = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Error? trouble;

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
        try
        {
            var answer = call(client);
            var hopeless = HopelessAsync(answer, cancellationToken);
            if (await Task.WhenAny(answer, hopeless).WaitAsync(cancellationToken).ConfigureAwait(false) == answer)
            {
                var result = await answer.ConfigureAwait(false);
                Forget();
                return result;
            }

            // Nobody waits for the request any more; its own failure is known here already.
            _ = answer.ContinueWith(static t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            throw KafkaErrors.From($"{action} at {description}", await hopeless.ConfigureAwait(false));
        }
        catch (KafkaException error)
        {
            throw Explain($"{action} at {description}", error);
        }
    }

    /// <summary>A request's failure by its cause: a refused login or brokers that are down rather than the time that ran out.</summary>
    public TidemillException Explain(string action, KafkaException error) =>
        KafkaErrors.From(action, KafkaErrors.Code(error.Error.Code) == ErrorCode.Unavailable ? Known() ?? error.Error : error.Error, error);

    /// <summary>A request that was given up still runs until its timeout: the client then goes after it, unwaited.</summary>
    public async ValueTask DisposeAsync() =>
        await Task.WhenAny(Task.Run(client.Dispose), Task.Delay(ClosePatience, time)).ConfigureAwait(false);

    /// <summary>Completes with the trouble that the client is in, some time after it is known; librdkafka tells of it once only.</summary>
    private async Task<Error> HopelessAsync(Task answer, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (Known() is not { } known)
            {
                await Volatile.Read(ref heard).Task.ConfigureAwait(false);
                continue;
            }

            var patience = KafkaErrors.Code(known.Code) == ErrorCode.AccessDenied ? RefusedPatience : DownPatience;
            await Task.WhenAny(answer, Task.Delay(patience, time, cancellationToken)).ConfigureAwait(false);
            if (Known() is { } still) return still;
        }
    }

    private Error? Known()
    {
        lock (gate) return trouble;
    }

    private void OnError(Error error)
    {
        if (KafkaErrors.Code(error.Code) != ErrorCode.AccessDenied && error.Code != Confluent.Kafka.ErrorCode.Local_AllBrokersDown) return;
        lock (gate)
        {
            // That all brokers are down because each refuses the login is no news.
            if (trouble is null || KafkaErrors.Code(trouble.Code) != ErrorCode.AccessDenied) trouble = error;
            heard.TrySetResult();
        }
    }

    private void Forget()
    {
        lock (gate)
        {
            trouble = null;
            if (heard.Task.IsCompleted) heard = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
