using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Tidemill.Core.Errors;

namespace Tidemill.Server.Api;

internal static class ApiRoutes
{
    public static void Map(WebApplication app)
    {
        HealthEndpoints.Map(app);
        var api = app.MapGroup("/api");
        StatusEndpoints.Map(api);
        TopicEndpoints.Map(api);
        DeadLetterEndpoints.Map(api);
        QueryEndpoint.Map(api);
        SearchEndpoints.Map(api);
        api.MapFallback(NoSuchPath).ExcludeFromDescription();
    }

    private static void NoSuchPath(HttpContext context) =>
        throw new TidemillException(ErrorCode.NotFound, $"There is no {context.Request.Method} {context.Request.Path}. /api/openapi.json lists all.");
}
