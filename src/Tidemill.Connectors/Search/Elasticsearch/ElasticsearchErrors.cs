using System.Security.Authentication;
using System.Text.Json;
using System.Text.RegularExpressions;
using Tidemill.Core.Errors;

namespace Tidemill.Connectors.Search.Elasticsearch;

/// <summary>
/// The server's answers as <see cref="ErrorCode"/>s. Its reasons quote values and ids, so only what is known to be a name
/// or a type is taken over from them.
/// </summary>
internal static partial class ElasticsearchErrors
{
    /// <summary>True when no byte of the request can have reached the server.</summary>
    public static bool IsUnsent(HttpRequestException error) =>
        error.HttpRequestError is HttpRequestError.ConnectionError
            or HttpRequestError.NameResolutionError
            or HttpRequestError.SecureConnectionError;

    public static TidemillException OfTransport(string description, Exception error)
    {
        if (error is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError }
            || error.InnerException is AuthenticationException)
        {
            return new TidemillException(
                ErrorCode.AccessDenied,
                $"{description}: no TLS connection. The certificate is not signed by a trusted authority or is for another name (set "
                    + $"`ca`), or the server speaks plain http.",
                error);
        }

        return new TidemillException(ErrorCode.Unavailable, $"{description} cannot be reached: {error.Message}", error);
    }

    /// <summary>Throws for what concerns the server as a whole: busy, away, or credentials.</summary>
    public static void ThrowIfOfServer(string description, ElasticsearchAnswer answer)
    {
        switch (answer.Status)
        {
            case 401:
                throw new TidemillException(
                    ErrorCode.AccessDenied, $"{description} refused the credentials (401): set user and password, or api_key.");
            case 403 when answer.ErrorType == "cluster_block_exception":
                throw new TidemillException(
                    ErrorCode.Unavailable, $"{description} blocks the index (403): it is read-only, or the server's disk is full.");
            case 403:
                throw new TidemillException(
                    ErrorCode.AccessDenied,
                    $"{description} refused access (403): the user or API key lacks a right for this index or action.");
            case 408 or 429 or 502 or 503 or 504:
                throw new TidemillException(
                    ErrorCode.Unavailable, $"{description} is overloaded or starting ({answer.Status}{Named(answer.ErrorType)}).");
            case >= 500:
                throw new TidemillException(ErrorCode.Unavailable, $"{description} failed ({answer.Status}{Named(answer.ErrorType)}).");
        }
    }

    /// <summary>The error of an answer that is no success and that the caller has no special meaning for.</summary>
    public static TidemillException Of(string description, string action, ElasticsearchAnswer answer)
    {
        var root = answer.Root;
        var reason = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("error", out var error) ? SafeReason(error) : "";
        var code = answer.Status == 404 ? ErrorCode.NotFound : ErrorCode.InvalidRequest;
        return new TidemillException(
            code, $"{description} could not {action} ({answer.Status}): {(reason.Length == 0 ? "it gave no reason" : reason)}.");
    }

    public static TidemillException NoIndex(string description, string index) =>
        new(ErrorCode.NotFound, $"There is no index {index} in {description}.");

    /// <summary>An error object's type and what its reason names, without values.</summary>
    public static string SafeReason(JsonElement error)
    {
        if (error.ValueKind != JsonValueKind.Object)
        {
            return error.ValueKind == JsonValueKind.String && NoHandler().IsMatch(error.GetString()!)
                ? "the server has no such function"
                : "";
        }

        var type = error.TryGetProperty("type", out var t) ? t.GetString() ?? "" : "";
        var reason = error.TryGetProperty("reason", out var r) ? r.GetString() ?? "" : "";
        var cause = error.TryGetProperty("caused_by", out var c) ? SafeReason(c) : "";
        var known = Known(reason);
        return known ?? (cause.Length > 0 && cause != type ? $"{type}: {cause}" : type);
    }

    private static string? Known(string reason)
    {
        if (FieldOfType().Match(reason) is { Success: true } field)
            return $"field {field.Groups["field"].Value} is {field.Groups["type"].Value}, and the value does not fit";

        if (ObjectMapping().Match(reason) is { Success: true } mapping)
            return $"field {mapping.Groups["field"].Value} is an object in one place and a value in the other";

        return Duplicate().Match(reason) is { Success: true } twice
            ? $"the property {twice.Groups["field"].Value} stands there twice"
            : Harmless().Match(reason) is { Success: true } sentence ? sentence.Value : null;
    }

    private static string Named(string type) => type.Length == 0 ? "" : $", {type}";

    [GeneratedRegex(@"field \[(?<field>[^\]]+)\] of type \[(?<type>[^\]]+)\]", RegexOptions.ExplicitCapture)]
    private static partial Regex FieldOfType();

    [GeneratedRegex(
        @"object mapping for \[(?<field>[^\]]+)\]|object field starting or ending|could not dynamically add mapping for field \[(?<field>[^\]]+)\]",
        RegexOptions.ExplicitCapture)]
    private static partial Regex ObjectMapping();

    [GeneratedRegex(@"^Duplicate field '(?<field>[^']+)'", RegexOptions.ExplicitCapture)]
    private static partial Regex Duplicate();

    /// <summary>Reasons that name settings, fields and limits only.</summary>
    [GeneratedRegex(
        @"^(unknown setting \[[^\]]+\]|Limit of (total fields|mapping depth|nested fields) \[\d+\]( in index \[[^\]]+\])? has been exceeded|mapper \[[^\]]+\] cannot be changed from type \[[^\]]+\] to \[[^\]]+\]|mapping set to strict, dynamic introduction of \[[^\]]+\]|Document contains at least one immense term in field=""[^""]+""|closed|index template \[[^\]]+\] has index patterns \[[^\]]+\] matching patterns from existing templates \[[^\]]+\]|Invalid (index|alias) name \[[^\]]+\], [a-z ]+)",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Harmless();

    [GeneratedRegex("^(no handler found for uri|Incorrect HTTP method for uri)", RegexOptions.ExplicitCapture)]
    private static partial Regex NoHandler();
}
