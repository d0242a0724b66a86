using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Tidemill.Server.Api;

/// <summary>The console's sign-in: a form with the token for a cookie.</summary>
internal static class SignInEndpoints
{
    public const string Page = "/sign-in";
    public const string Session = "/session";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost(Session, SignInAsync).ExcludeFromDescription();
        routes.MapPost($"{Session}/end", SignOut).ExcludeFromDescription();
    }

    /// <summary>Where a signed-in browser goes: a path of this server, never another site.</summary>
    public static string Local(string? next) =>
        // Browsers drop control characters and read a backslash as a slash, so that "/\t/host" would leave this server.
        next is ['/', ..] && next is not ['/', '/', ..] && !next.Any(c => c == '\\' || char.IsControl(c))
            ? next
            : "/";

    private static async Task SignInAsync(HttpContext context, AccessToken token)
    {
        var form = context.Request.HasFormContentType ? await context.Request.ReadFormAsync(context.RequestAborted) : FormCollection.Empty;
        var next = Local(form["next"]);
        if (!token.Is(form["token"].ToString().Trim()))
        {
            context.Response.Redirect($"{Page}?wrong=true&next={Uri.EscapeDataString(next)}");
            return;
        }

        context.Response.Cookies.Append(AccessToken.Cookie, token.CookieValue, Cookie(context));
        context.Response.Redirect(next);
    }

    private static void SignOut(HttpContext context)
    {
        context.Response.Cookies.Delete(AccessToken.Cookie, Cookie(context));
        context.Response.Redirect(Page);
    }

    // Behind a proxy with TLS the request that arrives here is plain: the proxy adds what Secure would.
    private static CookieOptions Cookie(HttpContext context) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        Secure = context.Request.IsHttps,
        Path = "/",
    };
}
