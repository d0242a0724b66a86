using System.Net;
using Microsoft.AspNetCore.Http;
using Tidemill.Core.Errors;
using Tidemill.Server.Hosting;

namespace Tidemill.Server.Api;

/// <summary>
/// Keeps other web sites out. A page elsewhere that had its name resolve to 127.0.0.1 still sends that name as Host (DNS
/// rebinding), and a page that posts here says where it is from (Origin, Sec-Fetch-Site). Programs that send neither header
/// are not browsers and pass. With a token the host's name does not matter: such a page would not hold the token.
/// </summary>
internal sealed class LocalRequests(RequestDelegate next, ProjectRuntime runtime)
{
    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (runtime.Options.Token is null && !IsLoopbackName(request.Host.Host))
            return RefuseAsync(context, "The Host header names no loopback address. Use http://localhost with the server's port.");

        var reads = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);
        if (!reads && IsFromElsewhere(request))
        {
            return RefuseAsync(
                context, "Requests that change something are taken from this server's own pages and from programs, not from other sites.");
        }

        return IsWorkForElsewhere(request)
            ? RefuseAsync(context, "Another site asked for this, and no person did. Open the address from here, or type it.")
            : next(context);
    }

    private static bool IsLoopbackName(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private static bool IsFromElsewhere(HttpRequest request)
    {
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        if (site is not ("" or "same-origin" or "none"))
            return true;

        var origin = request.Headers.Origin.ToString();
        return origin.Length > 0 && !origin.Equals($"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>
    /// True for a request with a query (SQL, a search) that another site's page makes by itself: an image, a frame, a script. A link
    /// that a person follows carries Sec-Fetch-User.
    /// </summary>
    private static bool IsWorkForElsewhere(HttpRequest request) =>
        request.QueryString.HasValue
        && request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site"
        && request.Headers["Sec-Fetch-User"].ToString() != "?1";

    private static Task RefuseAsync(HttpContext context, string reason) => ProblemAnswers.WriteAsync(
        context,
        Problem.Of(new TidemillException(ErrorCode.InvalidRequest, reason)) with { Status = StatusCodes.Status403Forbidden });
}
