using System.Text.Json;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Server.Api;

namespace Tidemill.Server.Hosting;

/// <summary>
/// Where a running server is found: <c>server.json</c> in its data folder, written by a rename so that readers see all
/// of it or nothing, and removed on a clean stop. A killed server leaves it behind; <see cref="ReadAsync"/> then finds that
/// nobody answers as this project and returns null.
/// </summary>
public static class ServerFile
{
    /// <summary>The server that holds the data folder, or null when none answers within two seconds.</summary>
    public static async Task<ServerAddress?> ReadAsync(DataFolder dataFolder, CancellationToken cancellationToken)
    {
        ServerAddress? address;
        try
        {
            var text = await File.ReadAllBytesAsync(dataFolder.Server, cancellationToken);
            address = JsonSerializer.Deserialize(text, ApiJson.Web.ServerAddress);
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
        {
            return null;
        }

        return address is not null && await AnswersAsync(address, cancellationToken) ? address : null;
    }

    internal static void Write(DataFolder dataFolder, ServerAddress address)
    {
        try
        {
            File.WriteAllBytes(dataFolder.Server + ".new", JsonSerializer.SerializeToUtf8Bytes(address, ApiJson.Web.ServerAddress));
            File.Move(dataFolder.Server + ".new", dataFolder.Server, overwrite: true);
        }
        catch (Exception e) when (StorageErrors.IsStorageError(e))
        {
            throw StorageErrors.From($"write {dataFolder.Server}", e);
        }
    }

    internal static void Remove(DataFolder dataFolder) => File.Delete(dataFolder.Server);

    private static async Task<bool> AnswersAsync(ServerAddress address, CancellationToken cancellationToken)
    {
        using var client = new HttpClient { BaseAddress = new Uri(address.Url), Timeout = TimeSpan.FromSeconds(2) };
        try
        {
            var text = await client.GetByteArrayAsync("/api/ping", cancellationToken);
            return JsonSerializer.Deserialize(text, ApiJson.Web.ServerPing)?.Instance == address.Instance;
        }
        catch (Exception e) when (e is HttpRequestException or JsonException
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }
}

/// <param name="Url">Base address, such as http://127.0.0.1:8080.</param>
/// <param name="Pid">Process id.</param>
/// <param name="Started">When the server came up.</param>
/// <param name="Instance">Random name of this start, which /api/ping repeats: a port taken over by another program is told apart.</param>
/// <param name="RunsStreams">False for the short-lived server of a command.</param>
public sealed record ServerAddress(string Url, int Pid, DateTimeOffset Started, string Instance, bool RunsStreams);

/// <summary>Answer of GET /api/ping.</summary>
public sealed record ServerPing(string Instance, string Project, string Target);
