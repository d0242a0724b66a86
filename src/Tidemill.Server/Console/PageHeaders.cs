using Microsoft.AspNetCore.Http;

namespace Tidemill.Server.Console;

/// <summary>Headers that keep pages to themselves: no foreign scripts, no frames, no guessing of types.</summary>
internal sealed class PageHeaders(RequestDelegate next)
{
    // Chart tooltips set style attributes; scripts come from this server only.
    private const string Policy =
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri "
            + "'none'; form-action 'self'; frame-ancestors 'none'";

    public Task InvokeAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "same-origin";
        headers.CacheControl = "no-store";
        return next(context);
    }
}
