using System.Runtime;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tidemill.Server.Hosting;

namespace Tidemill.Server.Api;

/// <summary>GET /api/doctor: facts about program, machine and parts, for people who look for what is wrong.</summary>
internal static class DoctorEndpoint
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/doctor", async (ProjectRuntime runtime, CancellationToken cancellationToken) =>
        TypedResults.Ok(new DoctorAnswer(
            [.. Machine(), .. Project(runtime)],
            (await HealthProbe.CheckAsync(runtime, cancellationToken)).Parts)))
        .WithSummary("Facts about program, machine and parts, and how each part is.");

    private static IEnumerable<Fact> Machine() =>
    [
        new("tidemill", typeof(DoctorEndpoint).Assembly.GetName().Version!.ToString(3)),
        new("runtime", RuntimeInformation.FrameworkDescription),
        new("system", $"{RuntimeInformation.OSDescription} ({RuntimeInformation.ProcessArchitecture})"),
        new("processors", $"{Environment.ProcessorCount}"),
        new("memory", $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20} MiB available, {Environment.WorkingSet >> 20} MiB in use"),
        new("garbage collector", $"{(GCSettings.IsServerGC ? "server" : "workstation")}, {GCSettings.LatencyMode}"),
        new("process", $"{Environment.ProcessId}"),
    ];

    private static IEnumerable<Fact> Project(ProjectRuntime runtime)
    {
        var project = runtime.Project;
        yield return new("project", $"{project.Name} in {project.Folder}");
        yield return new("target", $"{project.Target.Name} of {string.Join(", ", project.TargetNames)}");
        yield return new("data folder", runtime.DataFolder.Path);
        yield return new("free disk", FreeDisk(runtime.DataFolder.Path));
        yield return new("log", runtime.Log.Description);
        yield return new("search", runtime.Search.Description);
        yield return new("connections", string.Join(", ", project.Target.Connections.Values.Select(c => $"{c.Name}: {c}")));
        yield return new("streams", string.Join(", ", project.Flows.Select(f => f.Name)));
        yield return new("workflows", string.Join(", ", project.Workflows.Select(w => w.Name)));
    }

    private static string FreeDisk(string folder)
    {
        var drive = new DriveInfo(folder);
        return $"{drive.AvailableFreeSpace >> 20} MiB on {drive.Name}";
    }
}

public sealed record DoctorAnswer(IReadOnlyList<Fact> Facts, IReadOnlyList<Tidemill.Observability.Health.HealthPart> Parts);

public sealed record Fact(string Name, string Value);
