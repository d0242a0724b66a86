using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Tidemill.Cli.Commands;
using Tidemill.Core.Errors;
using Tidemill.Server.Hosting;

namespace Tidemill.Cli;

/// <summary>
/// The project's server as commands see it: the one that <c>tidemill up</c> runs, or one started in this process for the
/// length of the command, without streams and schedules. Either way a command goes through the same API.
/// </summary>
internal sealed class ServerClient : IAsyncDisposable
{
    private readonly HttpClient _http;
    private readonly TidemillHost? _own;

    private ServerClient(Uri address, TidemillHost? own)
    {
        _http = new HttpClient { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.Authorization = own is null && Token is { } token
            ? new AuthenticationHeaderValue("Bearer", token)
            : null;
        _own = own;
    }

    /// <summary>What a server that asks for a token is sent; null when TIDEMILL_TOKEN is not set.</summary>
    public static string? Token => ProjectChoice.FromEnvironment("TIDEMILL_TOKEN");

    /// <summary>True when a server was already running.</summary>
    public bool IsRunning => _own is null;

    public Uri Address => _http.BaseAddress!;

    public static async Task<ServerClient> ConnectAsync(ProjectChoice choice, CancellationToken cancellationToken)
    {
        if (await ServerFile.ReadAsync(choice.DataFolder, cancellationToken) is { } running)
            return new ServerClient(new Uri(running.Url), null);

        var host = await TidemillHost.StartAsync(
            new HostOptions
            {
                ProjectFolder = choice.Folder,
                Target = choice.Target,
                DataFolder = choice.Data,
                Port = 0,
                Role = HostRole.Command,
                RunWorkflows = false,
            },
            cancellationToken);
        return new ServerClient(host.Url, host);
    }

    public Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken) =>
        SendAsync(new HttpRequestMessage(HttpMethod.Get, path), cancellationToken);

    public Task<JsonElement> PostAsync(string path, object? body, CancellationToken cancellationToken) =>
        SendAsync(new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body ?? new { }) }, cancellationToken);

    /// <summary>Posts what is answered without content.</summary>
    public Task ActAsync(string path, CancellationToken cancellationToken) =>
        SendOnlyAsync(new HttpRequestMessage(HttpMethod.Post, path), cancellationToken);

    public Task DeleteAsync(string path, CancellationToken cancellationToken) =>
        SendOnlyAsync(new HttpRequestMessage(HttpMethod.Delete, path), cancellationToken);

    /// <summary>Posts and reads the answer's lines as they come.</summary>
    public async IAsyncEnumerable<JsonElement> PostLinesAsync(
        string path, object body, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
        using var response = await SendRawAsync(request, cancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var reader = new StreamReader(stream);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            var element = ReadLine(line);
            if (element.ValueKind == JsonValueKind.Object && element.TryGetProperty("error", out var problem))
                throw Failure(problem);

            yield return element;
        }
    }

    private static JsonElement ReadLine(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(line);
        }
        catch (JsonException error)
        {
            throw new TidemillException(ErrorCode.Unavailable, "The server's answer was cut off.", error);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (_own is not null)
            await _own.DisposeAsync();
    }

    private async Task SendOnlyAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using (request)
        {
            using var response = await SendRawAsync(request, cancellationToken);
        }
    }

    private async Task<JsonElement> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using (request)
        {
            using var response = await SendRawAsync(request, cancellationToken);
            return await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        }
    }

    private async Task<HttpResponseMessage> SendRawAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (HttpRequestException error)
        {
            throw new TidemillException(ErrorCode.Unavailable, $"The server at {Address} went away: {error.Message}", error);
        }

        if (response.IsSuccessStatusCode)
            return response;

        using (response)
            throw Failure(await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken));
    }

    private static TidemillException Failure(JsonElement problem)
    {
        var code = problem.TryGetProperty("code", out var name) && Enum.TryParse<ErrorCode>(name.GetString(), out var known)
            ? known
            : ErrorCode.Internal;
        var detail = problem.TryGetProperty("detail", out var text) ? text.GetString() : problem.ToString();
        var errors = problem.TryGetProperty("errors", out var list) && list.ValueKind == JsonValueKind.Array
            ? list.Deserialize<List<ConfigError>>(JsonOutput.Options)
            : null;
        return new TidemillException(code, detail ?? code.ToString()) { ConfigErrors = errors ?? [] };
    }
}
