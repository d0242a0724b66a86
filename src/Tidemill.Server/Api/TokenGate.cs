using Microsoft.AspNetCore.Http;
using Tidemill.Core.Errors;

namespace Tidemill.Server.Api;

/// <summary>Lets in who holds the token: programs without it are answered 401, browsers are led to the sign-in page.</summary>
internal sealed class TokenGate(RequestDelegate next, AccessToken token)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (token.IsHeldBy(context.Request) || IsOpen(context.Request.Path))
            return next(context);

        if (HttpMethods.IsGet(context.Request.Method)
            && context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal))
        {
            context.Response.Redirect(
                $"{SignInEndpoints.Page}?next={Uri.EscapeDataString(context.Request.Path + context.Request.QueryString)}");
            return Task.CompletedTask;
        }

        context.Response.Headers.WWWAuthenticate = "Bearer";
        var refusal = Problem.Of(new TidemillException(
            ErrorCode.AccessDenied,
            "This server asks for its token: send `Authorization: Bearer` with it; commands take it from TIDEMILL_TOKEN."));
        return ProblemAnswers.WriteAsync(context, refusal with { Status = StatusCodes.Status401Unauthorized });
    }

    // What orchestrators ask, what tells one server from another, and what the sign-in page is made of.
    private static bool IsOpen(PathString path) =>
        path == "/health"
            || path == "/api/ping" || path == SignInEndpoints.Page || path == SignInEndpoints.Session || path.StartsWithSegments("/assets");
}
