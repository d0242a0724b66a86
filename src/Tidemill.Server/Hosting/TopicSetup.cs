using Microsoft.Extensions.Logging;
using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;

namespace Tidemill.Server.Hosting;

/// <summary>
/// Sees to it that the project's topics exist in its log. A server starts without its brokers, says so, and tries again
/// with a growing delay; a topic that contradicts the project stops the start instead.
/// </summary>
internal sealed partial class TopicSetup(
    ILog log, IReadOnlyDictionary<string, ILog> connections, ProjectDefinition project, TimeProvider time, ILogger logger)
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

        foreach (var stream in project.Streams)
            await CreateFedAsync(stream, [], cancellationToken);

        var named = project.Flows.SelectMany(NamedTopics).Distinct(StringComparer.Ordinal)
            .Except(project.Topics.Select(t => t.Name), StringComparer.Ordinal);
        foreach (var name in named)
        {
            if (await log.DescribeTopicAsync(name, cancellationToken) is null)
                await log.CreateTopicAsync(new TopicSpec(name), cancellationToken);
        }
    }

    /// <summary>
    /// Topics of the target's log that a reading stream writes get its source's number of partitions, known only once that
    /// topic is there: one that another stream feeds comes first. Where the source cannot be seen now, the sink sees to it.
    /// </summary>
    private async Task CreateFedAsync(StreamDefinition stream, HashSet<string> visited, CancellationToken cancellationToken)
    {
        if (!visited.Add(stream.Name))
            return;

        var source = stream.Source;
        foreach (var feeder in project.Streams.Where(s => source.Connection is null && Fed(s).Contains(source.Topic)))
            await CreateFedAsync(feeder, visited, cancellationToken);

        foreach (var topic in Fed(stream).Except(project.Topics.Select(t => t.Name), StringComparer.Ordinal))
        {
            if (await log.DescribeTopicAsync(topic, cancellationToken) is null
                && await SourceAsync(source, cancellationToken) is { } read)
            {
                await log.CreateTopicAsync(new TopicSpec(topic) { Partitions = read.Partitions.Count }, cancellationToken);
            }
        }
    }

    private static IEnumerable<string> Fed(StreamDefinition stream) =>
        stream.Sinks.Select(
            sink => sink.Output).OfType<TopicOutput>().Where(topic => topic.Connection is null).Select(topic => topic.Topic);

    /// <summary>The source as it stands; one in the target's own log is created. Null when another cluster does not show it.</summary>
    private async Task<TopicDescription?> SourceAsync(TopicSourceDefinition source, CancellationToken cancellationToken)
    {
        if (source.Connection is null)
        {
            return await log.DescribeTopicAsync(source.Topic, cancellationToken)
                ?? await log.CreateTopicAsync(new TopicSpec(source.Topic), cancellationToken);
        }

        try
        {
            return await connections[source.Connection].DescribeTopicAsync(source.Topic, cancellationToken);
        }
        catch (TidemillException)
        {
            // The stream meets the same error and reports it.
            return null;
        }
    }

    /// <summary>Topics that streams name in the target's own log; those of other connections belong to others.</summary>
    private static IEnumerable<string> NamedTopics(FlowDefinition flow)
    {
        if (flow is PumpDefinition pump)
            yield return pump.Topic;

        if (flow is not StreamDefinition stream)
            yield break;

        if (stream.Source.Connection is null)
            yield return stream.Source.Topic;

        if (stream.DeadLetterTopic is { } letters)
            yield return letters;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Waiting for the log: {Code}: {Reason}")]
    private static partial void LogWaiting(ILogger logger, ErrorCode code, string reason);
}
