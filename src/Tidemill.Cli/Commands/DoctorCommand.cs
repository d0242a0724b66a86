using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json;
using Spectre.Console;
using Tidemill.Connectors.Kafka.Native;
using Tidemill.Core.Errors;
using Tidemill.DuckDb;
using Tidemill.Server.Hosting;

namespace Tidemill.Cli.Commands;

/// <summary><c>tidemill doctor</c>: what this machine and this project offer, each with the cure when it is missing.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var command = new Command("doctor", "Check the machine, the native library, the project and its connections.");
        command.OnProject(new ProjectOptions(), async (_, choice, cancellationToken) =>
        {
            var facts = new List<Fact>
            {
                Check(".NET", () => $"{RuntimeInformation.FrameworkDescription} on {RuntimeInformation.RuntimeIdentifier}"),
                Check("DuckDB", () => $"{DuckDbDatabase.LibraryVersion} from {DuckDbDatabase.LibraryPath}"),
                Check("Kafka", KafkaLibraryFact),
                Check("disk", () => Disk(choice.DataFolder.Path)),
            };
            var project = File.Exists(Path.Combine(choice.Folder, "tidemill.yaml"));
            if (project)
            {
                facts.Add(Check("project", () => Project(choice)));
                facts.Add(await CheckServerAsync(choice, cancellationToken));
            }

            Print(choice, facts);
            return facts.TrueForAll(f => f.Good) ? ExitCode.Success : ExitCode.Environment;
        });
        return command;
    }

    /// <summary>Only projects with a Kafka connection need the library: the others are told how to get it.</summary>
    private static string KafkaLibraryFact()
    {
        try
        {
            KafkaLibrary.Load();
            return $"librdkafka {KafkaLibrary.LoadedVersion} from {KafkaLibrary.LoadedPath}";
        }
        catch (TidemillException error) when (error.Code == ErrorCode.NativeLibraryMissing)
        {
            return $"not set up (needed for Kafka connections only). {error.Message}";
        }
    }

    private static string Project(ProjectChoice choice)
    {
        var project = ProjectCheck.Load(choice.Folder, choice.Target);
        return $"{project.Name}, target {project.Target.Name}: {project.Flows.Count} streams, {project.Workflows.Count} workflows";
    }

    private static string Disk(string folder)
    {
        var existing = folder;
        while (!Directory.Exists(existing) && Path.GetDirectoryName(existing) is { } parent)
            existing = parent;

        var free = new DriveInfo(existing).AvailableFreeSpace >> 20;
        return free >= 512
            ? $"{free} MiB free for {folder}"
            : throw new TidemillException(ErrorCode.DiskFull, $"Only {free} MiB free for {folder}.");
    }

    private static async Task<Fact> CheckServerAsync(ProjectChoice choice, CancellationToken cancellationToken)
    {
        try
        {
            await using var server = await ServerClient.ConnectAsync(choice, cancellationToken);
            var status = await server.GetAsync("/api/status", cancellationToken);
            var warehouse = status.GetProperty("warehouse");
            var ready = warehouse.GetProperty("open").GetBoolean();
            var text = $"{(server.IsRunning ? $"up at {server.Address}" : "not up; opens")}, warehouse "
                + $"{warehouse.GetProperty("description").GetString()}";
            return new Fact(
                "connections", ready, text, ready ? null : warehouse.TryGetProperty("lastError", out var error) ? error.GetString() : null);
        }
        catch (TidemillException error)
        {
            return new Fact("connections", false, error.Message, error.Rule.Remedy);
        }
    }

    private static Fact Check(string name, Func<string> fact)
    {
        try
        {
            return new Fact(name, true, fact(), null);
        }
        catch (TidemillException error)
        {
            return new Fact(name, false, error.Message, error.Rule.Remedy);
        }
        catch (Exception error) when (error is DllNotFoundException or IOException or DuckDbException)
        {
            return new Fact(name, false, error.Message, ErrorCatalog.Rule(ErrorCode.NativeLibraryMissing).Remedy);
        }
    }

    private static void Print(ProjectChoice choice, List<Fact> facts)
    {
        if (choice.Json)
        {
            JsonOutput.Print(JsonSerializer.SerializeToElement(facts, JsonOutput.Options));
            return;
        }

        foreach (var fact in facts)
        {
            var mark = fact.Good ? "[green]ok[/]  " : "[red]bad[/] ";
            AnsiConsole.MarkupLine($"{mark} {Markup.Escape(fact.Name)}: {Markup.Escape(fact.Text)}");
            if (fact.Remedy is not null)
                AnsiConsole.MarkupLineInterpolated($"      [grey]{fact.Remedy}[/]");
        }
    }

    private sealed record Fact(string Name, bool Good, string Text, string? Remedy);
}
