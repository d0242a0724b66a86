using Microsoft.AspNetCore.Builder;
using Tidemill.Server.Topics;

namespace Tidemill.Server.Api;

internal static class ApiRoutes
{
    public static void Map(WebApplication app)
    {
        HealthEndpoints.Map(app);
        SignInEndpoints.Map(app);
        var api = app.MapGroup("/api");
        StatusEndpoints.Map(api);
        StreamEndpoints.Map(api);
        TopicEndpoints.Map(api);
        TopicAdminEndpoints.Map(api);
        RecordEndpoints.Map(api);
        GroupEndpoints.Map(api);
        DeadLetterEndpoints.Map(api);
        SchemaChangeEndpoints.Map(api);
        ReplayEndpoints.Map(api);
        WorkflowEndpoints.Map(api);
        ModelEndpoints.Map(api);
        QueryEndpoint.Map(api);
        SearchEndpoints.Map(api);
        VerifyEndpoint.Map(api);
        GenerateEndpoint.Map(api);
        DoctorEndpoint.Map(api);
    }
}
