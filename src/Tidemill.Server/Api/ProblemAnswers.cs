using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tidemill.Core.Errors;

namespace Tidemill.Server.Api;

/// <summary>An error as RFC 9457 has it (application/problem+json), with Tidemill's code and what to do about it.</summary>
/// <param name="Title">The code in words.</param>
/// <param name="Status">HTTP status.</param>
/// <param name="Detail">What happened and where.</param>
/// <param name="Code">The <see cref="ErrorCode"/>'s name.</param>
/// <param name="Remedy">What to do.</param>
/// <param name="Errors">Each configuration error, when the configuration is at fault.</param>
public sealed record Problem(
    string Title, int Status, string Detail, string Code, string Remedy, IReadOnlyList<ConfigError>? Errors = null)
{
    internal static Problem Of(TidemillException e) => new(
        Words(e.Code), ProblemAnswers.StatusOf(e.Code), e.Message, e.Code.ToString(), e.Rule.Remedy,
        e.ConfigErrors.Count == 0 ? null : e.ConfigErrors);

    private static string Words(ErrorCode code) => string.Concat(
        code.ToString().Select((c, i) => i > 0 && char.IsUpper(c) ? " " + char.ToLowerInvariant(c) : c.ToString()));
}

/// <summary>Turns exceptions into problem answers; the one place that maps error codes to HTTP statuses.</summary>
internal sealed partial class ProblemAnswers(ILogger<ProblemAnswers> logger) : IExceptionHandler
{
    public static int StatusOf(ErrorCode code) => code switch
    {
        ErrorCode.NotFound => StatusCodes.Status404NotFound,
        ErrorCode.InvalidRequest or ErrorCode.SqlInvalid or ErrorCode.OffsetOutOfRange => StatusCodes.Status400BadRequest,
        ErrorCode.ConfigurationInvalid or ErrorCode.DecodeFailed or ErrorCode.TransformFailed or ErrorCode.RowRejected =>
            StatusCodes.Status422UnprocessableEntity,
        ErrorCode.DataFolderLocked or ErrorCode.PortInUse or ErrorCode.SchemaConflict or ErrorCode.VersionTooOld
            or ErrorCode.TransactionConflict or ErrorCode.CheckpointFenced => StatusCodes.Status409Conflict,
        ErrorCode.RecordTooLarge => StatusCodes.Status413PayloadTooLarge,
        ErrorCode.DiskFull => StatusCodes.Status507InsufficientStorage,
        ErrorCode.Unavailable => StatusCodes.Status503ServiceUnavailable,
        ErrorCode.AccessDenied => StatusCodes.Status502BadGateway,
        ErrorCode.TimedOut => StatusCodes.Status504GatewayTimeout,
        _ => StatusCodes.Status500InternalServerError,
    };

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is OperationCanceledException && httpContext.RequestAborted.IsCancellationRequested)
        {
            httpContext.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            return true;
        }

        await WriteAsync(httpContext, Describe(exception));
        return true;
    }

    /// <summary>Says in a problem what the routing refused with a bare status: unknown path, wrong method, wrong content type.</summary>
    public static Task WriteStatusAsync(HttpContext context)
    {
        var status = context.Response.StatusCode;
        var (code, detail) = status switch
        {
            StatusCodes.Status404NotFound =>
                (ErrorCode.NotFound, "There is nothing at this address. /api/openapi.json lists what there is."),
            StatusCodes.Status405MethodNotAllowed => (ErrorCode.InvalidRequest, $"This address does not take {context.Request.Method}."),
            StatusCodes.Status415UnsupportedMediaType =>
                (ErrorCode.InvalidRequest, "The Content-Type is not one that this address takes. /api/openapi.json lists them."),
            _ => (ErrorCode.InvalidRequest, $"The request was refused with status {status}."),
        };
        return WriteAsync(context, Problem.Of(new TidemillException(code, detail)) with { Status = status });
    }

    public static async Task WriteAsync(HttpContext context, Problem problem)
    {
        context.Response.StatusCode = problem.Status;
        context.Response.ContentType = "application/problem+json";
        await JsonSerializer.SerializeAsync(context.Response.Body, problem, ApiJson.Web.Problem, context.RequestAborted);
    }

    private Problem Describe(Exception exception)
    {
        switch (exception)
        {
            case TidemillException e:
                return Problem.Of(e);
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                return Problem.Of(new TidemillException(
                    ErrorCode.RecordTooLarge, $"The body is larger than {RequestLimits.BodyBytes} bytes. Send it in parts."));
            case BadHttpRequestException e:
                return Problem.Of(new TidemillException(ErrorCode.InvalidRequest, Reason(e))) with { Status = e.StatusCode };
            default:
                LogDefect(logger, exception);
                return Problem.Of(new TidemillException(ErrorCode.Internal, "The request met a defect; the server's log has the details."));
        }
    }

    // A JSON reader's message says where the text breaks and quotes nothing of it but single characters.
    private static string Reason(BadHttpRequestException e) =>
        e.InnerException is JsonException inner ? $"The body is not the JSON wanted here: {inner.Message}" : e.Message;

    [LoggerMessage(Level = LogLevel.Error, Message = "A request failed.")]
    private static partial void LogDefect(ILogger logger, Exception exception);
}
