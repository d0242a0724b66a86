using System.Text.Json;
using System.Text.Json.Serialization;
using Tidemill.Server.Hosting;

namespace Tidemill.Cli.Commands;

/// <summary>JSON as every command prints it.</summary>
internal static class JsonOutput
{
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter() },
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>What a program that started a server or worker needs to reach it.</summary>
    public static void PrintHost(TidemillHost host, string name) => Print(JsonSerializer.SerializeToElement(
        new { name, target = host.Project.Target.Name, url = host.Url.ToString().TrimEnd('/'), pid = Environment.ProcessId }, Options));

    /// <summary>Prints JSON when it is asked for, else lets the text be written.</summary>
    public static void PrintOr(ProjectChoice choice, JsonElement value, Action write)
    {
        if (choice.Json)
            Print(value);
        else
            write();
    }

    public static void Print(JsonElement value) => Console.Out.WriteLine(JsonSerializer.Serialize(value, Options));
}
