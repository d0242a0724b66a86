using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Tidemill.Server.Api;
using Tidemill.Server.Console;
using Tidemill.Server.Console.Assets;
using Tidemill.Server.Console.Feed;

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
        // Both are told elsewhere: the one by ProblemAnswers, the other by the exception that the start ends with.
        .AddFilter("Microsoft.AspNetCore.Diagnostics.ExceptionHandlerMiddleware", LogLevel.None)
        .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None)
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
        services.ConfigureHttpJsonOptions(
            json => ApiJson.Configure(json.SerializerOptions).TypeInfoResolverChain.Insert(0, ApiJson.Default));
        services.AddOpenApi("openapi", ApiDescription.Configure);
        services.AddHostedService<EngineService>();
        services.AddSingleton<ConsoleFeed>();
        services.AddHostedService(provider => provider.GetRequiredService<ConsoleFeed>());
        services.AddSingleton<EmbeddedAssets>();
        services.AddSingleton(new AccessToken(runtime.Options.Token));
        services.AddRazorComponents();
        UseNoKeys(services);
        services.Configure<Microsoft.Extensions.Hosting.HostOptions>(host =>
            (host.ShutdownTimeout, host.BackgroundServiceExceptionBehavior) =
            (TimeSpan.FromSeconds(30), BackgroundServiceExceptionBehavior.Ignore));
    }

    // Pages hold no forms of the framework's own, so nothing is encrypted that must outlive the process: no keys on disk.
    private static void UseNoKeys(IServiceCollection services)
    {
        services.AddSingleton<IDataProtectionProvider, EphemeralDataProtectionProvider>();
        foreach (var service in services.Where(s => s.ImplementationType?.Name == "DataProtectionHostedService").ToList())
            services.Remove(service);
    }

    private static void UsePipeline(WebApplication app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages(context => ProblemAnswers.WriteStatusAsync(context.HttpContext));
        app.UseMiddleware<LocalRequests>();
        app.UseMiddleware<PageHeaders>();
        app.UseMiddleware<TokenGate>();
        app.UseRouting();
        app.UseAntiforgery();
        app.MapOpenApi("/api/{documentName}.json");
        ApiRoutes.Map(app);
        app.Services.GetRequiredService<EmbeddedAssets>().Map(app);
        app.MapRazorComponents<App>();
    }
}
