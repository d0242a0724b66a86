using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Tidemill.Server.Api;

namespace Tidemill.Server.Hosting;

/// <summary>The web application around a project: services, limits, pipeline, endpoints.</summary>
internal static class WebSite
{
    public static WebApplication Build(ProjectRuntime runtime)
    {
        // Neither settings files nor environment variables steer the server: HostOptions does, alone.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions
        {
            ApplicationName = typeof(WebSite).Assembly.GetName().Name,
            EnvironmentName = Environments.Production,
        });
        ConfigureLogging(builder.Logging);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = RequestLimits.BodyBytes;
            kestrel.Listen(runtime.Options.Address, runtime.Options.Port);
        });
        AddServices(builder.Services, runtime);
        var app = builder.Build();
        UsePipeline(app);
        return app;
    }

    public static void ConfigureLogging(ILoggingBuilder logging) => logging
        .SetMinimumLevel(LogLevel.Warning)
        .AddFilter("Microsoft.AspNetCore.Diagnostics.ExceptionHandlerMiddleware", LogLevel.None)
        .AddSimpleConsole(console => (console.SingleLine, console.TimestampFormat, console.ColorBehavior) =
            (true, "HH:mm:ss ", LoggerColorBehavior.Disabled))
        .Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);

    private static void AddServices(IServiceCollection services, ProjectRuntime runtime)
    {
        services.AddRouting();
        services.AddSingleton(runtime);
        services.AddSingleton(runtime.Time);
        services.AddExceptionHandler<ProblemAnswers>();
        services.AddProblemDetails();
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJson.Default));
        services.AddOpenApi("openapi", ApiDescription.Configure);
        services.AddHostedService<EngineService>();
        services.Configure<Microsoft.Extensions.Hosting.HostOptions>(host =>
            (host.ShutdownTimeout, host.BackgroundServiceExceptionBehavior) =
            (TimeSpan.FromSeconds(30), BackgroundServiceExceptionBehavior.Ignore));
    }

    private static void UsePipeline(WebApplication app)
    {
        app.UseExceptionHandler();
        app.UseMiddleware<LocalRequests>();
        app.UseRouting();
        app.MapOpenApi("/api/{documentName}.json");
        ApiRoutes.Map(app);
    }
}
