using Microsoft.Extensions.Logging;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;

namespace Tidemill.Server.Hosting;

/// <summary>
/// Sees to it that the project's topics exist in its log. A server starts without its brokers, says so, and tries again
/// with a growing delay; a topic that contradicts the project stops the start instead.
/// </summary>
internal sealed partial class TopicSetup(ILog log, ProjectDefinition project, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(15);

    private bool _done;

    /// <summary>Why the last attempt failed; null before the first and once the topics are there.</summary>
    public string? LastError { get; private set; }

    /// <summary>Tries until the topics are there.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var delay = FirstDelay;
        while (!_done && !await TryAsync(cancellationToken))
        {
            await Task.Delay(delay, time, cancellationToken);
            delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay;
        }
    }

    /// <summary>False when the log cannot be reached or refuses the credentials.</summary>
    public async Task<bool> TryAsync(CancellationToken cancellationToken)
    {
        try
        {
            await CreateAsync(cancellationToken);
            LastError = null;
            return _done = true;
        }
        catch (TidemillException error) when (error.Code is ErrorCode.Unavailable or ErrorCode.AccessDenied)
        {
            LastError = error.Message;
            LogWaiting(logger, error.Code, error.Message);
            return false;
        }
    }

    private async Task CreateAsync(CancellationToken cancellationToken)
    {
        foreach (var spec in project.Topics)
        {
            // Broker-side settings stand in the project for the targets that have brokers.
            var settings = project.Target.Log.Type == LogType.Embedded ? new Dictionary<string, string>() : spec.Options;
            await log.CreateTopicAsync(spec with { Options = settings }, cancellationToken);
        }

        var named = project.Streams.SelectMany(NamedTopics).Distinct(StringComparer.Ordinal)
            .Except(project.Topics.Select(t => t.Name), StringComparer.Ordinal);
        foreach (var name in named)
        {
            if (await log.DescribeTopicAsync(name, cancellationToken) is null)
            {
                await log.CreateTopicAsync(new TopicSpec(name), cancellationToken);
            }
        }
    }

    /// <summary>Topics that streams name in the target's own log; those of other connections belong to others.</summary>
    private static IEnumerable<string> NamedTopics(StreamDefinition stream)
    {
        if (stream.Source is TopicSourceDefinition { Connection: null } source)
        {
            yield return source.Topic;
        }

        if (stream.DeadLetterTopic is { } letters)
        {
            yield return letters;
        }

        foreach (var sink in stream.Sinks.OfType<TopicSinkDefinition>())
        {
            yield return sink.Topic;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Waiting for the log: {Code}: {Reason}")]
    private static partial void LogWaiting(ILogger logger, ErrorCode code, string reason);
}
