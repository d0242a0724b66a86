using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;
using Tidemill.Server.Hosting;
using Tidemill.Streaming.DeadLetters;

namespace Tidemill.Server.Api;

/// <summary>Dead letters: list, count, inspect, discard, replay.</summary>
internal static class DeadLetterEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var letters = api.MapGroup("/dead-letters");
        letters.MapGet("", ListAsync).WithSummary("Letters, newest first, and how many are open by stream, code and field.");
        letters.MapGet("/{stream}/{topic}/{partition:int}/{offset:long}", FindAsync).WithSummary("One letter with its raw bytes.");
        letters.MapPost("/preview", PreviewAsync)
            .WithSummary("The rows that a letter would give, with another value if given; nothing is written.");
        letters.MapPost("/edit", EditAsync)
            .WithSummary("Keeps another value with an open letter, for its replay; without a value the record's own again.");
        letters.MapPost("/replay", ReplayAsync)
            .WithSummary("Sends open letters through their stream again, as it is defined now; one letter with another value if given.");
        letters.MapPost("/discard", DiscardAsync).WithSummary("Gives open letters up; they stay readable.");
    }

    private static async Task<Ok<DeadLettersAnswer>> ListAsync(
        string? stream, DeadLetterStatus? status, int? limit, int? skip, ProjectRuntime runtime, CancellationToken cancellationToken)
    {
        var letters = await runtime.DeadLetters.ListAsync(
            stream, status, RequestLimits.Page(limit), Math.Max(skip ?? 0, 0), cancellationToken);
        var counts = await runtime.DeadLetters.CountAsync(cancellationToken);
        return TypedResults.Ok(new DeadLettersAnswer(
            counts.Sum(c => c.Count),
            [.. counts.Select(c => new DeadLetterCountAnswer(c.Stream, c.Code, c.Field, c.Count))],
            [.. letters.Select(DeadLetterAnswer.Of)]));
    }

    private static async Task<Ok<DeadLetterAnswer>> FindAsync(
        string stream, string topic, int partition, long offset, ProjectRuntime runtime, CancellationToken cancellationToken) =>
        TypedResults.Ok(DeadLetterAnswer.Of(
            await runtime.DeadLetters.FindAsync(
                stream, new RecordPosition(new TopicPartition(topic, partition), new LogOffset(offset)), cancellationToken)
            ?? throw new TidemillException(ErrorCode.NotFound, "There is no dead letter of that stream at that position.")));

    private static async Task<Ok<LetterPreviewAnswer>> PreviewAsync(
        LetterEdit edit, ProjectRuntime runtime, CancellationToken cancellationToken)
    {
        var preview = await runtime.Engine.Replay.PreviewAsync(
            edit.Stream, edit.RequirePosition(), Value(edit.Value, edit.ValueBase64), cancellationToken);
        return TypedResults.Ok(new LetterPreviewAnswer(
            preview.Accepted, preview.Reason, preview.Columns, preview.Rows,
            preview.Accepted ? $"It gives {preview.Rows.Count} rows." : $"Still refused: {preview.Reason}"));
    }

    private static async Task<Ok<DeadLetterAnswer>> EditAsync(LetterEdit edit, ProjectRuntime runtime, CancellationToken cancellationToken)
    {
        await runtime.DeadLetters.EditAsync(edit.Stream, edit.RequirePosition(), Value(edit.Value, edit.ValueBase64), cancellationToken);
        var letter = await runtime.DeadLetters.FindAsync(edit.Stream, edit.RequirePosition(), cancellationToken);
        return TypedResults.Ok(DeadLetterAnswer.Of(letter!));
    }

    private static byte[]? Value(string? text, string? base64) =>
        base64 is not null ? DecodeBase64(base64) : text is not null ? Encoding.UTF8.GetBytes(text) : null;

    private static async Task<Ok<ReplayAnswer>> ReplayAsync(
        ReplayRequest request, ProjectRuntime runtime, CancellationToken cancellationToken)
    {
        var edited = Value(request.Value, request.ValueBase64);
        var results = await runtime.Engine.Replay.ReplayAsync(
            request.Stream, request.Positions is { } some ? [.. some.Select(p => p.Position)] : null, edited, cancellationToken);
        var failed = results.Where(r => !r.Replayed).ToList();
        return TypedResults.Ok(new ReplayAnswer(
            results.Count - failed.Count, failed.Count,
            [.. failed.Take(RequestLimits.PageSize).Select(r => new ReplayFailure(PositionAnswer.Of(r.Position), r.Reason))]));
    }

    private static byte[] DecodeBase64(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length)
            ? bytes[..length]
            : throw new TidemillException(ErrorCode.InvalidRequest, "valueBase64 is not base64.");
    }

    private static async Task<Ok<CountAnswer>> DiscardAsync(
        DeadLetterSelection selection, ProjectRuntime runtime, CancellationToken cancellationToken)
    {
        long count = 0;
        foreach (var position in selection.RequirePositions())
            count += await runtime.DeadLetters.DiscardAsync(selection.Stream, position, cancellationToken);

        return TypedResults.Ok(new CountAnswer(count));
    }
}

/// <summary>A page of letters; Open and Counts cover all that are open, Counts by stream, code and field.</summary>
public sealed record DeadLettersAnswer(long Open, IReadOnlyList<DeadLetterCountAnswer> Counts, IReadOnlyList<DeadLetterAnswer> Letters);

public sealed record DeadLetterCountAnswer(string Stream, Stored<ErrorCode> Code, string? Field, long Count);

/// <summary>Sinks names those that lack the record's rows; null: all of the stream's.</summary>
public sealed record DeadLetterAnswer(
    string Stream, string Topic, int Partition, long Offset, DateTimeOffset Timestamp, Stored<ErrorCode> Code, string? Field,
    string Message, DateTimeOffset CreatedAt, Stored<DeadLetterStatus> Status, BytesView? Key, BytesView? Value, BytesView? EditedValue,
    IReadOnlyList<string>? Sinks)
{
    internal static DeadLetterAnswer Of(DeadLetter letter) => new(
        letter.Stream, letter.Position.Partition.Topic, letter.Position.Partition.Partition, letter.Position.Offset.Value,
        letter.Timestamp, letter.Code, letter.Field, letter.Message, letter.CreatedAt, letter.Status,
        BytesView.Of(letter.Key), BytesView.Of(letter.Value), BytesView.Of(letter.EditedValue),
        letter.Sinks);
}

/// <summary>Which letters of a stream are meant.</summary>
/// <param name="Stream">The stream that set them aside.</param>
/// <param name="Positions">Their positions; null means every open one, where that is allowed.</param>
public sealed record DeadLetterSelection(string Stream, IReadOnlyList<PositionAnswer>? Positions)
{
    internal IReadOnlyList<RecordPosition>? RecordPositions => Positions is null ? null : [.. Positions.Select(p => p.Position)];

    internal IReadOnlyList<RecordPosition> RequirePositions() => RecordPositions
        ?? throw new TidemillException(ErrorCode.InvalidRequest, "Name the letters: positions is a list of topic, partition and offset.");
}

public sealed record PositionAnswer(string Topic, int Partition, long Offset)
{
    internal static PositionAnswer Of(RecordPosition position) =>
        new(position.Partition.Topic, position.Partition.Partition, position.Offset.Value);

    internal RecordPosition Position => new(new TopicPartition(Topic, Partition), new LogOffset(Offset));
}

/// <summary>A value, as text or base64, for the one letter that positions names; none: the record's own.</summary>
public sealed record LetterEdit(string Stream, IReadOnlyList<PositionAnswer> Positions, string? Value = null, string? ValueBase64 = null)
{
    internal RecordPosition RequirePosition() => Positions is [{ } only]
        ? only.Position
        : throw new TidemillException(ErrorCode.InvalidRequest, "Name one letter: positions is a list of one topic, partition and offset.");
}

/// <summary>Columns are <c>name TYPE</c>; cells are text, null for NULL. Summary says it in one sentence.</summary>
public sealed record LetterPreviewAnswer(
    bool Accepted, string? Reason, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string?>> Rows, string Summary);

public sealed record CountAnswer(long Count);

/// <summary>Which letters; all open ones without positions. A value (as text or base64) replaces that of a single letter.</summary>
public sealed record ReplayRequest(
    string Stream, IReadOnlyList<PositionAnswer>? Positions = null, string? Value = null, string? ValueBase64 = null);

/// <summary>How many letters are rows now, how many still fail, and why.</summary>
public sealed record ReplayAnswer(int Replayed, int Remaining, IReadOnlyList<ReplayFailure> Failures);

public sealed record ReplayFailure(PositionAnswer Position, string? Reason);
