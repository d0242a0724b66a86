using System.CommandLine;
using System.Text.Json;
using Spectre.Console;

namespace Tidemill.Cli.Commands;

/// <summary><c>tidemill query "SQL"</c>: rows of the warehouse as a table, CSV or JSON.</summary>
internal static class QueryCommand
{
    private const int MostTableRows = 1000;

    public static Command Create()
    {
        var sql = new Argument<string>("SQL") { Description = "One SELECT." };
        var format = new Option<string>(
            "--format", "-f")
        { Description = "table, csv or json (one object a line).", DefaultValueFactory = _ => "table" };
        format.AcceptOnlyFromAmong("table", "csv", "json");
        var command = new Command("query", "Query the project's warehouse.") { sql, format };
        command.OnServer(new ProjectOptions(), async (parsed, choice, server, cancellationToken) =>
        {
            var lines = server.PostLinesAsync("/api/query", new { sql = parsed.GetValue(sql) }, cancellationToken);
            var chosen = choice.Json ? "json" : parsed.GetValue(format);
            var task = chosen switch
            {
                "csv" => WriteCsvAsync(lines, cancellationToken),
                "json" => WriteJsonAsync(lines, cancellationToken),
                _ => WriteTableAsync(lines, cancellationToken),
            };
            await task;
            return ExitCode.Success;
        });
        return command;
    }

    private static List<string> Names(JsonElement header) =>
        [.. header.GetProperty("columns").EnumerateArray().Select(c => c.GetProperty("name").GetString()!)];

    private static async Task WriteCsvAsync(IAsyncEnumerable<JsonElement> lines, CancellationToken cancellationToken)
    {
        await foreach (var line in lines.WithCancellation(cancellationToken))
        {
            if (line.ValueKind == JsonValueKind.Array)
                Console.Out.WriteLine(string.Join(',', line.EnumerateArray().Select(CsvField)));
            else if (line.TryGetProperty("columns", out _))
                Console.Out.WriteLine(string.Join(',', Names(line).Select(CsvField)));
        }
    }

    private static async Task WriteJsonAsync(IAsyncEnumerable<JsonElement> lines, CancellationToken cancellationToken)
    {
        List<string> names = [];
        var compact = new JsonSerializerOptions(JsonOutput.Options) { WriteIndented = false };
        await foreach (var line in lines.WithCancellation(cancellationToken))
        {
            if (line.ValueKind == JsonValueKind.Array)
            {
                var row = new Dictionary<string, JsonElement>(names.Count);
                foreach (var (name, value) in names.Zip(line.EnumerateArray()))
                    row[name] = value;

                Console.Out.WriteLine(JsonSerializer.Serialize(row, compact));
            }
            else if (line.TryGetProperty("columns", out _))
            {
                names = Names(line);
            }
        }
    }

    private static async Task WriteTableAsync(IAsyncEnumerable<JsonElement> lines, CancellationToken cancellationToken)
    {
        var table = new Table().Border(TableBorder.Rounded);
        long rows = 0;
        await foreach (var line in lines.WithCancellation(cancellationToken))
        {
            if (line.ValueKind == JsonValueKind.Array)
            {
                if (rows++ < MostTableRows)
                    table.AddRow([.. line.EnumerateArray().Select(v => Markup.Escape(Text(v)))]);
            }
            else if (line.TryGetProperty("columns", out _))
            {
                foreach (var name in Names(line))
                    table.AddColumn(Markup.Escape(name));
            }
        }

        if (table.Columns.Count > 0)
            AnsiConsole.Write(table);

        AnsiConsole.MarkupLine(rows > MostTableRows ? $"{MostTableRows} of {rows} rows; use --format csv for all" : $"{rows} rows");
    }

    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => "",
        JsonValueKind.String => value.GetString()!,
        _ => value.GetRawText(),
    };

    /// <summary>NULL is nothing, the empty text is <c>""</c>, as in PostgreSQL's CSV.</summary>
    private static string CsvField(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && value.GetString() is "" ? "\"\"" : CsvField(Text(value));

    /// <summary>RFC 4180 quoting.</summary>
    private static string CsvField(string text) =>
        text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
