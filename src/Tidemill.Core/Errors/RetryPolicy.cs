using Polly;
using Polly.Retry;

namespace Tidemill.Core.Errors;

/// <summary>One failed attempt that will be tried again.</summary>
public sealed record RetryEvent(int Attempt, TimeSpan Delay, TidemillException Error);

/// <summary>Retries as <see cref="ErrorCatalog"/> rules them: codes with <see cref="RetryRule.Backoff"/>, and no others.</summary>
public static class RetryPolicy
{
    /// <summary>
    /// Tries until it succeeds, is cancelled or fails with an error that must not be retried. Delays double from 100 ms to
    /// 15 s and are jittered. CheckpointFenced is left to the caller, who must reload positions first.
    /// </summary>
    public static ResiliencePipeline UntilItWorks(TimeProvider time, Action<RetryEvent> onRetry) =>
        new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<TidemillException>(IsTransient),
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                Delay = TimeSpan.FromMilliseconds(100),
                MaxDelay = TimeSpan.FromSeconds(15),
                UseJitter = true,
                OnRetry = arguments =>
                {
                    if (arguments.Outcome.Exception is TidemillException error)
                        onRetry(new RetryEvent(arguments.AttemptNumber + 1, arguments.RetryDelay, error));

                    return ValueTask.CompletedTask;
                },
            })
            .Build();

    private static bool IsTransient(TidemillException error) =>
        error.Rule.Retry == RetryRule.Backoff && error.Code != ErrorCode.CheckpointFenced;
}
