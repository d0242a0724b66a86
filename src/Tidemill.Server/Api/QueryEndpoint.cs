using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;
using Tidemill.Server.Hosting;

namespace Tidemill.Server.Api;

/// <summary>
/// POST /api/query answers NDJSON as the rows come: <c>{"columns":[{"name","type"}]}</c>, then an array a row, then
/// <c>{"rows":n,"truncated":false}</c>. An error after the first line ends the answer with <c>{"error":{...}}</c>; an answer
/// without either last line was cut off.
/// </summary>
internal static partial class QueryEndpoint
{
    private const int FlushBytes = 32 << 10;

    public static void Map(IEndpointRouteBuilder api) => api.MapPost("/query", RunAsync)
        .WithSummary("Runs SQL on the warehouse and streams the rows as NDJSON. Read-only unless readOnly is false.")
        .Produces<JsonElement>(contentType: "application/x-ndjson");

    private static async Task RunAsync(QueryRequest request, ProjectRuntime runtime, HttpContext context, ILogger<QueryRequest> logger)
    {
        if (string.IsNullOrWhiteSpace(request.Sql))
            throw new TidemillException(ErrorCode.InvalidRequest, "sql is empty.");

        var cancellationToken = context.RequestAborted;
        await using var result = await runtime.Warehouse.QueryAsync(request.Sql, [], request.ReadOnly ?? true, cancellationToken);
        context.Response.ContentType = "application/x-ndjson";
        await using var lines = new JsonLines(context.Response.BodyWriter);
        WriteColumns(lines, result.Columns);
        try
        {
            await WriteRowsAsync(lines, result, request.MaxRows ?? long.MaxValue, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            if (e is not TidemillException) LogDefect(logger, e);
            var error = e as TidemillException
                ?? new TidemillException(ErrorCode.Internal, "A row could not be written; the server's log has the details.", e);
            lines.DropLine();
            lines.Json.WriteStartObject();
            lines.Json.WritePropertyName("error");
            JsonSerializer.Serialize(lines.Json, Problem.Of(error), ApiJson.Web.Problem);
            lines.Json.WriteEndObject();
            lines.EndLine();
        }

        await lines.FlushAsync(cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A query's answer met a defect.")]
    private static partial void LogDefect(ILogger logger, Exception exception);

    private static void WriteColumns(JsonLines lines, IReadOnlyList<QueryColumn> columns)
    {
        lines.Json.WriteStartObject();
        lines.Json.WriteStartArray("columns");
        foreach (var column in columns)
        {
            lines.Json.WriteStartObject();
            lines.Json.WriteString("name", column.Name);
            lines.Json.WriteString("type", column.SqlType);
            lines.Json.WriteEndObject();
        }

        lines.Json.WriteEndArray();
        lines.Json.WriteEndObject();
        lines.EndLine();
    }

    private static async Task WriteRowsAsync(JsonLines lines, IQueryResult result, long maxRows, CancellationToken cancellationToken)
    {
        long rows = 0;
        var truncated = false;
        await foreach (var row in result.ReadRowsAsync(cancellationToken))
        {
            if (rows == maxRows)
            {
                truncated = true;
                break;
            }

            rows++;
            lines.Json.WriteStartArray();
            foreach (var value in row)
                CellJson.Write(lines.Json, value);

            lines.Json.WriteEndArray();
            lines.EndLine();
            if (lines.Pending > FlushBytes)
                await lines.FlushAsync(cancellationToken);
        }

        lines.Json.WriteStartObject();
        lines.Json.WriteNumber("rows", rows);
        lines.Json.WriteBoolean("truncated", truncated);
        lines.Json.WriteEndObject();
        lines.EndLine();
    }
}

/// <param name="Sql">One statement.</param>
/// <param name="MaxRows">Stop after so many rows. Default: all.</param>
/// <param name="ReadOnly">Default true: the engine refuses statements that change anything.</param>
public sealed record QueryRequest(string Sql, long? MaxRows = null, bool? ReadOnly = null);
