using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Tidemill.IntegrationTests.Search;

/// <summary>One request as the proxy saw it.</summary>
/// <param name="Body">Null when it came compressed.</param>
internal sealed record ProxiedRequest(string Method, string Path, string? Body, byte[] Bytes, string Encoding);

/// <summary>What the proxy answers in the server's place; a status of 0 gives no answer until the client goes.</summary>
/// <param name="Forward">The server gets the request all the same; its answer is lost.</param>
internal sealed record ProxyAnswer(int Status, string Body = "{}", bool Forward = false);

/// <summary>Stands in front of a real server and answers some requests itself.</summary>
internal sealed class SearchProxy : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });
    private readonly List<ProxiedRequest> _requests = [];
    private readonly string _server;

    private SearchProxy(WebApplication app, string server) => (_app, _server) = (app, server);

    /// <summary>Null: the request goes to the server.</summary>
    public Func<ProxiedRequest, ProxyAnswer?> Answer { get; set; } = _ => null;

    /// <summary>Changes a body on its way to the server.</summary>
    public Func<string, string> Rewrite { get; set; } = body => body;

    public string Url => _app.Urls.First();

    public IReadOnlyList<ProxiedRequest> Requests
    {
        get
        {
            lock (_requests)
                return [.. _requests];
        }
    }

    public static async Task<SearchProxy> StartAsync(string server)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.Listen(IPAddress.Loopback, 0);
            options.Limits.MaxRequestBodySize = null;
        });
        var proxy = new SearchProxy(builder.Build(), server);
        proxy._app.Run(proxy.HandleAsync);
        await proxy._app.StartAsync();
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _http.Dispose();
    }

    private async Task HandleAsync(HttpContext context)
    {
        using var bytes = new MemoryStream();
        await context.Request.Body.CopyToAsync(bytes, context.RequestAborted);
        var encoding = context.Request.Headers.ContentEncoding.ToString();
        var request = new ProxiedRequest(
            context.Request.Method, context.Request.Path + context.Request.QueryString,
            encoding.Length > 0 ? null : System.Text.Encoding.UTF8.GetString(bytes.ToArray()), bytes.ToArray(), encoding);
        lock (_requests)
            _requests.Add(request);

        var answer = Answer(request);
        if (answer is { Status: 0 })
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return;
        }

        if (answer is null or { Forward: true })
        {
            var (status, body) = await ForwardAsync(request, context.Request.ContentType);
            answer ??= new ProxyAnswer(status, body);
        }

        context.Response.StatusCode = answer.Status;
        context.Response.ContentType = "application/json";
        if (!HttpMethods.IsHead(request.Method))
            await context.Response.WriteAsync(answer.Body);
    }

    private async Task<(int Status, string Body)> ForwardAsync(ProxiedRequest request, string? contentType)
    {
        using var message = new HttpRequestMessage(new HttpMethod(request.Method), _server + request.Path);
        if (request.Bytes.Length > 0)
        {
            message.Content = request.Body is { } body ? new StringContent(Rewrite(body)) : new ByteArrayContent(request.Bytes);
            message.Content.Headers.ContentType = new System.Net.Http.Headers.MediaTypeHeaderValue(contentType!);
            if (request.Encoding.Length > 0)
                message.Content.Headers.ContentEncoding.Add(request.Encoding);
        }

        using var response = await _http.SendAsync(message);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
