using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Spectre.Console;
using Tidemill.Core.Errors;

namespace Tidemill.Cli.Commands;

/// <summary><c>tidemill dead-letters list|show|edit|replay|discard</c>: records that streams could not use.</summary>
internal static class DeadLettersCommand
{
    private const int PageSize = 1000;

    public static Command Create() => new("dead-letters", "List, show, edit, replay and discard records that streams could not use.")
    {
        List(), Show(), Edit(), Replay(), Discard(),
    };

    private static Command List()
    {
        var stream = StreamOption(required: false);
        var status = new Option<string?>("--status") { Description = "open, replayed, discarded or all; default: open." };
        status.AcceptOnlyFromAmong("open", "replayed", "discarded", "all");
        var limit = new Option<int>("--limit") { Description = "Most letters shown.", DefaultValueFactory = _ => 50 };
        var command = new Command("list", "List dead letters, newest first.") { stream, status, limit };
        command.OnServer(new ProjectOptions(), async (parsed, choice, server, cancellationToken) =>
        {
            var chosen = parsed.GetValue(status) switch
            {
                "all" => null,
                "replayed" => "Replayed",
                "discarded" => "Discarded",
                _ => "Open",
            };
            var answer = await server.GetAsync(string.Create(CultureInfo.InvariantCulture,
                $"/api/dead-letters?limit={parsed.GetValue(limit)}{Query("stream", parsed.GetValue(stream))}{Query("status", chosen)}"), cancellationToken);
            if (choice.Json)
            {
                JsonOutput.Print(answer);
                return ExitCode.Success;
            }

            TextTable.Write(
                ["stream", "position", "status", "code", "reason", "set aside"],
                answer.GetProperty("letters").EnumerateArray().Select(letter => new[]
                {
                    TextTable.Cell(letter, "stream"), LetterPosition.Of(letter).ToString(), TextTable.Cell(letter, "status"),
                    TextTable.Cell(letter, "code"), TextTable.Cell(letter, "message"), TextTable.Cell(letter, "createdAt"),
                }));
            AnsiConsole.MarkupLine($"{answer.GetProperty("open")} open in all");
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Show()
    {
        var (stream, position) = (StreamOption(required: true), PositionArgument());
        var command = new Command("show", "Show one dead letter whole.") { stream, position };
        command.OnServer(new ProjectOptions(), async (parsed, choice, server, cancellationToken) =>
        {
            var at = LetterPosition.Parse(parsed.GetValue(position)!);
            var letter = await server.GetAsync(at.Path(parsed.GetValue(stream)!), cancellationToken);
            if (choice.Json)
            {
                JsonOutput.Print(letter);
                return ExitCode.Success;
            }

            foreach (var name in (string[])["stream", "status", "code", "field", "message", "timestamp", "createdAt"])
                AnsiConsole.MarkupLineInterpolated($"[grey]{name,-10}[/] {TextTable.Cell(letter, name)}");

            if (letter.TryGetProperty("sinks", out var sinks) && sinks.ValueKind == JsonValueKind.Array)
            {
                var names = string.Join(", ", sinks.EnumerateArray().Select(sink => sink.GetString()));
                AnsiConsole.MarkupLineInterpolated($"[grey]{"sinks",-10}[/] {names}");
            }

            Write("key", letter, "key");
            Write("value", letter, "value");
            Write("edited", letter, "editedValue");
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Edit()
    {
        var (stream, position) = (StreamOption(required: true), PositionArgument());
        var value = new Option<string?>("--value") { Description = "The new value; default: the editor that EDITOR names opens." };
        var file = new Option<FileInfo?>("--file") { Description = "File that holds the new value; - is standard input." };
        var reset = new Option<bool>("--reset") { Description = "Take an edit back." };
        var command = new Command(
            "edit", "Put another value in place of a letter's; it is decoded as a preview first.") { stream, position, value, file, reset };
        command.OnServer(new ProjectOptions(), async (parsed, choice, server, cancellationToken) =>
        {
            var at = LetterPosition.Parse(parsed.GetValue(position)!);
            var name = parsed.GetValue(stream)!;
            byte[]? edited = null;
            if (!parsed.GetValue(reset))
            {
                edited = await LetterValue.ReadAsync(
                    parsed.GetValue(value),
                    parsed.GetValue(file), () => server.GetAsync(at.Path(name), cancellationToken), cancellationToken);
                var preview = await server.PostAsync("/api/dead-letters/preview", Body(name, [at], edited), cancellationToken);
                if (!preview.GetProperty("accepted").GetBoolean())
                    throw new TidemillException(ErrorCode.DecodeFailed, TextTable.Cell(preview, "summary"));
            }

            var letter = await server.PostAsync("/api/dead-letters/edit", Body(name, [at], edited), cancellationToken);
            Report(
                choice, letter, edited is null ? "The letter has its own value again." : "Kept. `tidemill dead-letters replay` sends it.");
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Replay()
    {
        var (stream, positions) = (StreamOption(required: true), PositionsArgument("default: all open letters of the stream."));
        var command = new Command("replay", "Send open letters through their stream again, as it is defined now.") { stream, positions };
        command.OnServer(new ProjectOptions(), async (parsed, choice, server, cancellationToken) =>
        {
            var some = parsed.GetValue(positions)!.Select(LetterPosition.Parse).ToList();
            var answer = await Terminal.WaitAsync("replaying", server.PostAsync(
                "/api/dead-letters/replay", Body(parsed.GetValue(stream)!, some.Count == 0 ? null : some, null), cancellationToken));
            Report(choice, answer, $"{TextTable.Cell(answer, "replayed")} replayed, {TextTable.Cell(answer, "remaining")} still fail");
            if (!choice.Json)
            {
                foreach (var failure in answer.GetProperty("failures").EnumerateArray())
                {
                    AnsiConsole.MarkupLineInterpolated(
                        $"  {LetterPosition.Of(failure.GetProperty("position"))}: {TextTable.Cell(failure, "reason")}");
                }
            }

            return answer.GetProperty("remaining").GetInt32() == 0 ? ExitCode.Success : ExitCode.Failed;
        });
        return command;
    }

    private static Command Discard()
    {
        var (stream, positions) = (StreamOption(required: true), PositionsArgument("or --all."));
        var all = new Option<bool>("--all") { Description = "Every open letter of the stream." };
        var command = new Command("discard", "Give open letters up; they stay readable.") { stream, positions, all };
        command.OnServer(new ProjectOptions(), async (parsed, choice, server, cancellationToken) =>
        {
            var name = parsed.GetValue(stream)!;
            var some = parsed.GetValue(positions)!.Select(LetterPosition.Parse).ToList();
            if (some.Count == 0 && !parsed.GetValue(all))
                throw new TidemillException(ErrorCode.InvalidRequest, "Name the letters, or pass --all.");

            var discarded = 0L;
            do
            {
                var page = some.Count > 0 ? some : await OpenAsync(server, name, cancellationToken);
                var count = page.Count == 0
                    ? 0
                    : (await server.PostAsync("/api/dead-letters/discard", Body(name, page, null), cancellationToken)).GetProperty("count")
                        .GetInt64();
                discarded += count;
                if (count == 0)
                    break;
            }
            while (some.Count == 0);

            Report(choice, JsonSerializer.SerializeToElement(new { count = discarded }), $"{discarded} discarded");
            return ExitCode.Success;
        });
        return command;
    }

    private static async Task<List<LetterPosition>> OpenAsync(ServerClient server, string stream, CancellationToken cancellationToken)
    {
        var page = await server.GetAsync(
            string.Create(CultureInfo.InvariantCulture, $"/api/dead-letters?status=Open&limit={PageSize}{Query("stream", stream)}"),
            cancellationToken);
        return [.. page.GetProperty("letters").EnumerateArray().Select(LetterPosition.Of)];
    }

    private static void Report(ProjectChoice choice, JsonElement answer, string words)
    {
        if (choice.Json)
            JsonOutput.Print(answer);
        else
            AnsiConsole.MarkupLineInterpolated($"{words}");
    }

    private static object Body(string stream, IReadOnlyList<LetterPosition>? positions, byte[]? value) => new
    {
        stream,
        positions = positions?.Select(p => new { topic = p.Topic, partition = p.Partition, offset = p.Offset }),
        valueBase64 = value is null ? null : Convert.ToBase64String(value),
    };

    private static void Write(string name, JsonElement letter, string property)
    {
        if (letter.TryGetProperty(property, out var bytes) && bytes.ValueKind == JsonValueKind.Object)
        {
            var text = TextTable.Cell(bytes, "text");
            AnsiConsole.MarkupLineInterpolated(
                $"[grey]{name,-10}[/] {(text.Length > 0 ? text : "base64 " + TextTable.Cell(bytes, "base64"))}");
        }
    }

    private static string Query(string name, string? value) => value is null ? "" : $"&{name}={Uri.EscapeDataString(value)}";

    private static Option<string?> StreamOption(bool required) =>
        new("--stream", "-s") { Description = "The stream that set them aside.", Required = required };

    private static Argument<string> PositionArgument() => new("POSITION") { Description = "TOPIC/PARTITION/OFFSET, as list prints it." };

    private static Argument<string[]> PositionsArgument(string rest) => new("POSITION")
    {
        Description = $"TOPIC/PARTITION/OFFSET, as list prints it; {rest}",
        Arity = ArgumentArity.ZeroOrMore,
    };
}
