using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Tidemill.Core.Configuration;
using Tidemill.Core.Telemetry;

namespace Tidemill.Server.Hosting;

/// <summary>
/// Sends spans and measurements over OTLP to where OpenTelemetry's environment variables say; nothing is listened to and nothing sent
/// without them. The variables for protocol, headers, intervals, sampling and resource are the SDK's own.
/// Source: https://opentelemetry.io/docs/specs/otel/protocol/exporter/.
/// </summary>
internal static class TelemetryExport
{
    /// <param name="configuration">The environment's variables.</param>
    /// <param name="project">Names the sender, beside the service's name.</param>
    /// <returns>What sends until it is disposed, and then sends what is left; null where no address is set.</returns>
    public static IDisposable? Start(IConfiguration configuration, ProjectDefinition project)
    {
        var traces = IsSet(configuration, "TRACES");
        var metrics = IsSet(configuration, "METRICS");
        if (!(traces || metrics) || string.Equals(configuration["OTEL_SDK_DISABLED"], "true", StringComparison.OrdinalIgnoreCase))
            return null;

        return OpenTelemetrySdk.Create(telemetry =>
        {
            telemetry.Services.AddSingleton(configuration);
            telemetry.ConfigureResource(resource => Describe(resource, project));
            if (traces)
                telemetry.WithTracing(tracing => tracing.AddSource(Spans.Name, "Microsoft.AspNetCore").AddOtlpExporter());

            if (metrics)
            {
                telemetry.WithMetrics(meters => meters
                    .AddMeter(Meters.Name, "Microsoft.AspNetCore.Hosting", "System.Runtime").AddOtlpExporter());
            }
        });
    }

    private static bool IsSet(IConfiguration configuration, string signal) =>
        !string.IsNullOrWhiteSpace(configuration["OTEL_EXPORTER_OTLP_ENDPOINT"])
        || !string.IsNullOrWhiteSpace(configuration[$"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"]);

    // The environment comes last: its OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win.
    private static void Describe(ResourceBuilder resource, ProjectDefinition project) => resource
        .Clear()
        .AddTelemetrySdk()
        .AddService("tidemill", serviceVersion: typeof(TelemetryExport).Assembly.GetName().Version?.ToString(3))
        .AddAttributes([new("tidemill.project", project.Name), new("tidemill.target", project.Target.Name)])
        .AddEnvironmentVariableDetector();
}
