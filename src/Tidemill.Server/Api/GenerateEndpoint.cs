using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Streams;
using Tidemill.Server.Hosting;

namespace Tidemill.Server.Api;

/// <summary>POST /api/generate: made-up records by a generator stream's definition, appended at once or at a rate.</summary>
internal static class GenerateEndpoint
{
    private const int MostRecords = 10_000_000;
    private const int BatchRecords = 2000;

    public static void Map(IEndpointRouteBuilder api) => api.MapPost("/generate", GenerateAsync)
        .WithSummary("Appends made-up records to the generator's topic; answers when all are durable.");

    private static async Task<Ok<GenerateAnswer>> GenerateAsync(
        GenerateRequest request, ProjectRuntime runtime, CancellationToken cancellationToken)
    {
        var pump = Find(runtime.Project, request);
        var topic = pump.Topic;
        var description = await runtime.RequireTopicAsync(topic, cancellationToken);
        await using var generator = (INumberedSource)pump.Source.Kind.Open(pump.Source, new SourceContext(runtime.Stores(), runtime.Time));
        var first = description.Partitions.Sum(p => p.Next.Value);
        var started = runtime.Time.GetTimestamp();
        var count = Math.Clamp(request.Count ?? 1000, 0, MostRecords);
        var step = request.Rate is { } perSecond ? (int)Math.Clamp(perSecond / 10, 1, BatchRecords) : BatchRecords;
        for (var done = 0; done < count;)
        {
            var size = Math.Min(step, count - done);
            await runtime.Producer.ProduceAsync(
                topic, [.. Enumerable.Range(done, size).Select(i => generator.Next(first + i))], cancellationToken);
            done += size;
            if (request.Rate is { } rate
                && TimeSpan.FromSeconds(done / rate) - runtime.Time.GetElapsedTime(started) is { Ticks: > 0 } ahead)
            {
                await Task.Delay(ahead, runtime.Time, cancellationToken);
            }
        }

        return TypedResults.Ok(new GenerateAnswer(pump.Name, topic, count, runtime.Time.GetElapsedTime(started).TotalSeconds));
    }

    private static PumpDefinition Find(ProjectDefinition project, GenerateRequest request)
    {
        if (request.Rate is <= 0)
            throw new TidemillException(ErrorCode.InvalidRequest, "rate is not above zero.");

        var generators = project.Pumps.Where(p => p.Source.Kind.IsNumbered).ToList();
        return generators.FirstOrDefault(p => (request.Stream is null || p.Name == request.Stream)
                && (request.Topic is null || p.Topic == request.Topic))
            ?? throw new TidemillException(
                ErrorCode.NotFound,
                $"No stream with a generator source fits. Generators: {string.Join(", ", generators.Select(s => s.Name))}.");
    }
}

/// <summary>Which generator, by stream or by topic (default: the first), how many records, and how many a second (default: as
/// fast as it goes).</summary>
public sealed record GenerateRequest(string? Stream = null, string? Topic = null, int? Count = null, double? Rate = null);

public sealed record GenerateAnswer(string Stream, string Topic, int Count, double Seconds);
