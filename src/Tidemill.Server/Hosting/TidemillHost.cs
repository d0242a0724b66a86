using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;

namespace Tidemill.Server.Hosting;

/// <summary>
/// One process serving one project: streams, workflows, API and console. Disposing stops it in order: sources stop and
/// streams drain, workflows are cancelled and recorded as such, then warehouse and log close.
/// </summary>
public sealed class TidemillHost : IAsyncDisposable
{
    // The first attempt at the warehouse holds the start up at most this long; later ones go on in the background.
    private static readonly TimeSpan WarehouseTimeout = TimeSpan.FromSeconds(5);

    private readonly WebApplication _app;
    private readonly ProjectRuntime _runtime;
    private readonly IDisposable? _telemetry;

    private TidemillHost(WebApplication app, ProjectRuntime runtime, IDisposable? telemetry, Uri url)
    {
        _app = app;
        _runtime = runtime;
        _telemetry = telemetry;
        Url = url;
    }

    /// <summary>Base address, with the port that was really taken.</summary>
    public Uri Url { get; }

    public ProjectDefinition Project => _runtime.Project;

    public DataFolder DataFolder => _runtime.DataFolder;

    /// <summary>
    /// Starts and returns once requests are answered. ConfigurationInvalid, DataFolderLocked, PortInUse and DataCorrupt say
    /// why it cannot; a warehouse that is away does not stop the start.
    /// </summary>
    public static Task<TidemillHost> StartAsync(HostOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var project = ProjectCheck.Load(options.ProjectFolder, options.Target);
        if (options.Role == HostRole.Worker)
            WorkerCheck.Require(project);

        return StartAsync(options, project, DefaultParts.Create(), TimeProvider.System, cancellationToken);
    }

    internal static async Task<TidemillHost> StartAsync(
        HostOptions options, ProjectDefinition project, HostParts parts, TimeProvider time, CancellationToken cancellationToken)
    {
        options.Validate();
        var loggers = LoggerFactory.Create(WebSite.ConfigureLogging);
        options.Progress?.Invoke("opening the log");
        var runtime = await ProjectRuntime.OpenAsync(options, project, parts, time, loggers, cancellationToken);
        WebApplication? app = null;
        IDisposable? telemetry = null;
        try
        {
            telemetry = TelemetryExport.Start(new ConfigurationBuilder().AddEnvironmentVariables().Build(), project);
            app = WebSite.Build(runtime);
            await ListenAsync(app, options, cancellationToken);
            var url = Address(app);
            options.Progress?.Invoke($"opening the warehouse ({project.Target.Warehouse.Type})");
            await FirstWarehouseAttemptAsync(runtime, cancellationToken);
            ServerFile.Write(runtime.DataFolder, new ServerAddress(
                url.ToString().TrimEnd('/'), Environment.ProcessId, runtime.Started, runtime.Instance, options.Role != HostRole.Command));
            return new TidemillHost(app, runtime, telemetry, url);
        }
        catch
        {
            await StopAsync(app, runtime);
            telemetry?.Dispose();
            throw;
        }
    }

    /// <summary>Completes when the server stops by itself, or when <paramref name="cancellationToken"/> is cancelled.</summary>
    public Task WaitForShutdownAsync(CancellationToken cancellationToken) => _app.WaitForShutdownAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        ServerFile.Remove(_runtime.DataFolder);
        await StopAsync(_app, _runtime);
        _telemetry?.Dispose();
    }

    private static async Task ListenAsync(WebApplication app, HostOptions options, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            throw new TidemillException(
                ErrorCode.PortInUse,
                string.Create(CultureInfo.InvariantCulture, $"Port {options.Port} on {options.Address} is taken by another program."), e);
        }
    }

    private static async Task FirstWarehouseAttemptAsync(ProjectRuntime runtime, CancellationToken cancellationToken)
    {
        try
        {
            await runtime.Gate.FirstAttempt.WaitAsync(WarehouseTimeout, runtime.Time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // The attempt goes on; /health and the console say what is waited for.
        }
    }

    private static async Task StopAsync(WebApplication? app, ProjectRuntime runtime)
    {
        if (app is not null)
        {
            await app.StopAsync(CancellationToken.None);
            await app.DisposeAsync();
        }

        await runtime.DisposeAsync();
    }

    // What listens on all addresses is reached from here by loopback.
    private static Uri Address(WebApplication app) => new(
        app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First()
            .Replace("//0.0.0.0:", "//127.0.0.1:", StringComparison.Ordinal).Replace("//[::]:", "//[::1]:", StringComparison.Ordinal));
}
