using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Tidemill.Core.Warehouses;

namespace Tidemill.Server.Api;

/// <summary>What the OpenAPI document says about the whole.</summary>
internal static class ApiDescription
{
    public static void Configure(OpenApiOptions options)
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "Tidemill";
            document.Info.Version = "v1";
            document.Info.Description = "Everything the command line and the console do. Errors are application/problem+json "
                + "with a code and a remedy.";
            document.Servers?.Clear();
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            // Words of system tables: those that the program knows, and whatever a newer one wrote.
            if (context.JsonTypeInfo.Type is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(Stored<>))
            {
                schema.Type = JsonSchemaType.String;
                schema.Description = $"{string.Join(", ", Enum.GetNames(type.GetGenericArguments()[0]))}, or a word of a newer version.";
            }

            return Task.CompletedTask;
        });
    }
}
