using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Server.Api;
using Tidemill.Server.Hosting;

namespace Tidemill.Server.Topics;

/// <summary>Records of a topic for people: look, search, follow, inspect, and append one by hand.</summary>
internal static class RecordEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/topics/{topic}/search", SearchAsync).WithSummary(
            "Records that satisfy a filter: key (exact), text (contained in key or value), where (a SQL condition over partition, "
                + "offset, timestamp, key, text, value, headers, size). "
            + "from is earliest, latest, an offset, a shift or a time; without it the newest come first. Looks at scan records at most "
            + "(10,000; up to 100,000), for ten seconds.");
        api.MapGet("/topics/{topic}/tail", TailAsync).WithSummary(
            "Follows the topic as server-sent events, with the same filters; at most 50 records a second are shown, the others counted.")
            .Produces<TailAnswer>(contentType: "text/event-stream");
        api.MapGet("/topics/{topic}/records/{partition:int}/{offset:long}", ReadOneAsync)
            .WithSummary("One record with its headers and bytes.");
        api.MapPost("/topics/{topic}/produce", ProduceAsync)
            .WithSummary(
                "Appends one record whose key and value are given as text, byte for byte. A value that is left out makes a tombstone.");
    }

    private static async Task<Ok<RecordsAnswer>> SearchAsync(
        string topic, int? partition, string? from, string? key, string? text, string? where, int? limit, int? scan,
        ProjectRuntime runtime, CancellationToken cancellationToken) =>
        TypedResults.Ok(await new RecordSearch(runtime.Log, runtime.Time).FindAsync(
            await runtime.RequireTopicAsync(topic, cancellationToken),
            RecordQuery.Of(partition, from, RecordFilter.Of(key, text, where), limit, scan), cancellationToken));

    private static async Task TailAsync(
        string topic, int? partition, string? key, string? text, string? where, ProjectRuntime runtime, IHostApplicationLifetime lifetime,
        HttpContext context)
    {
        // A tail has no end of its own: it goes with its reader, or with the server.
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        var description = await Streaming.Positions.PartitionChoice.RequireAsync(runtime.Log, topic, partition, ended.Token);
        var query = RecordQuery.Of(partition, null, RecordFilter.Of(key, text, where), null, null);
        await using var answers = new RecordTail(runtime.Log, runtime.Time).FollowAsync(description, query, ended.Token)
            .GetAsyncEnumerator(ended.Token);
        try
        {
            // What is wrong with the request shows before the first answer, while there still is a status to say so with.
            if (!await answers.MoveNextAsync())
                return;

            context.Response.ContentType = "text/event-stream";
            do
            {
                await context.Response.WriteAsync("data: ", ended.Token);
                await JsonSerializer.SerializeAsync(context.Response.Body, answers.Current, ApiJson.Web.TailAnswer, ended.Token);
                await context.Response.WriteAsync("\n\n", ended.Token);
                await context.Response.Body.FlushAsync(ended.Token);
            }
            while (await answers.MoveNextAsync());
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The reader has gone, or the server stops.
        }
    }

    private static async Task<Ok<RecordAnswer>> ReadOneAsync(
        string topic, int partition, long offset, ProjectRuntime runtime, CancellationToken cancellationToken)
    {
        await runtime.RequireTopicAsync(topic, cancellationToken);
        return TypedResults.Ok(await RequireAsync(runtime, new TopicPartition(topic, partition), offset, cancellationToken));
    }

    /// <summary>The record, or NotFound.</summary>
    public static async Task<RecordAnswer> RequireAsync(
        ProjectRuntime runtime, TopicPartition partition, long offset, CancellationToken cancellationToken) =>
        await new RecordSearch(runtime.Log, runtime.Time).ReadOneAsync(partition, offset, cancellationToken)
        ?? throw new TidemillException(
            ErrorCode.NotFound,
            $"{partition} holds no record at offset {offset}: it is not there yet, was deleted by retention, or left out by compaction.");

    private static async Task<Ok<AppendAnswer>> ProduceAsync(
        string topic, ProduceRequest request, ProjectRuntime runtime, CancellationToken cancellationToken)
    {
        await Streaming.Positions.PartitionChoice.RequireAsync(runtime.Log, topic, request.Partition, cancellationToken);
        var positions = await runtime.Producer.ProduceAsync(topic, [request.Record()], cancellationToken);
        return TypedResults.Ok(
            new AppendAnswer(topic, 1, [.. positions.Select(p => new AppendedRecord(p.Partition.Partition, p.Offset.Value))])
            {
                Position = positions[0].ToString(),
            });
    }
}

/// <summary>A record as a person types it.</summary>
/// <param name="Key">Absent: no key.</param>
/// <param name="Value">Absent: a tombstone.</param>
/// <param name="Headers">Name to value; null stays null.</param>
/// <param name="Partition">Absent: chosen by the key, or in turn.</param>
/// <param name="Timestamp">Absent: now.</param>
public sealed record ProduceRequest(
    string? Key,
    string? Value, IReadOnlyDictionary<string, string?>? Headers = null, int? Partition = null, DateTimeOffset? Timestamp = null)
{
    internal ProducerRecord Record() => new()
    {
        Key = Bytes(Key),
        Value = Bytes(Value),
        Partition = Partition,
        Timestamp = Timestamp,
        Headers = Headers is null ? null : [.. Headers.Select(h => new RecordHeader(h.Key, Bytes(h.Value)))],
    };

    private static ReadOnlyMemory<byte>? Bytes(string? text) =>
        text is null ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(text);
}
