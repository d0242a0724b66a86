using Microsoft.AspNetCore.OpenApi;

namespace Tidemill.Server.Api;

/// <summary>What the OpenAPI document says about the whole.</summary>
internal static class ApiDescription
{
    public static void Configure(OpenApiOptions options) => options.AddDocumentTransformer((document, _, _) =>
    {
        document.Info.Title = "Tidemill";
        document.Info.Version = "v1";
        document.Info.Description = "Everything the command line and the console do. Errors are application/problem+json "
            + "with a code and a remedy.";
        document.Servers?.Clear();
        return Task.CompletedTask;
    });
}
