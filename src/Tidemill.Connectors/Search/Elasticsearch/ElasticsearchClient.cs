using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;

namespace Tidemill.Connectors.Search.Elasticsearch;

/// <summary>
/// Requests to a cluster's nodes, taken in turn. A node that cannot be reached is passed over; when none can, the error is
/// Unavailable. Retrying is the caller's. Safe for many callers at once.
/// </summary>
internal sealed class ElasticsearchClient : IDisposable
{
    public const string Json = "application/json";
    public const string BulkJson = "application/x-ndjson";

    private readonly HttpClient _http;
    private readonly SearchConnection _connection;
    private readonly TimeProvider _time;
    private readonly Uri[] _nodes;
    private uint _next;

    public ElasticsearchClient(SearchConnection connection, TimeProvider time)
    {
        (_connection, _time) = (connection, time);
        _nodes = [.. connection.Urls.Select(url => new Uri(url.TrimEnd('/') + "/"))];
        _http = new HttpClient(ElasticsearchHandlers.Create(connection)) { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue(Json));
        if (connection.ApiKey is { } key)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("ApiKey", key);
        }
        else if (connection.User is { } user)
        {
            var pair = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{connection.Password}"));
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", pair);
        }

        Description = $"{(connection.Type == SearchType.OpenSearch ? "OpenSearch" : "Elasticsearch")} "
            + $"{string.Join(", ", _nodes.Select(n => n.Authority))}";
    }

    /// <summary>Product and addresses.</summary>
    public string Description { get; }

    public SearchConnection Connection => _connection;

    /// <summary>Sends a JSON request and reads the answer, of whatever status but those that <see cref="ElasticsearchErrors"/>
    /// throws for.</summary>
    public Task<ElasticsearchAnswer> SendAsync(HttpMethod method, string path, string? json, CancellationToken cancellationToken) =>
        SendAsync(method, path, json is null ? default : Encoding.UTF8.GetBytes(json), Json, cancellationToken);

    public Task<ElasticsearchAnswer> GetAsync(string path, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, path, null, cancellationToken);

    /// <exception cref="TidemillException">Unavailable, TimedOut, AccessDenied.</exception>
    public async Task<ElasticsearchAnswer> SendAsync(
        HttpMethod method, string path, ReadOnlyMemory<byte> body, string contentType, CancellationToken cancellationToken)
    {
        var compressed = _connection.Compress && body.Length > 1024;
        var bytes = compressed ? Gzip(body) : body;
        var first = Interlocked.Increment(ref _next);
        for (var attempt = 0; ; attempt++)
        {
            using var request = new HttpRequestMessage(method, new Uri(_nodes[(first + attempt) % _nodes.Length], path));
            if (!bytes.IsEmpty)
            {
                request.Content = new ReadOnlyMemoryContent(bytes);
                request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
                if (compressed)
                    request.Content.Headers.ContentEncoding.Add("gzip");
            }

            using var timeout = new CancellationTokenSource(_connection.Timeout, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            try
            {
                return await ReadAsync(request, either.Token);
            }
            catch (HttpRequestException error) when (attempt + 1 < _nodes.Length && ElasticsearchErrors.IsUnsent(error))
            {
                // The next node may answer; nothing reached this one.
            }
            catch (Exception error) when (error is HttpRequestException or IOException)
            {
                throw ElasticsearchErrors.OfTransport(Description, error);
            }
            catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
            {
                throw new TidemillException(
                    ErrorCode.TimedOut, $"{Description}: no answer within {_connection.Timeout.TotalSeconds:0.###} s.", error);
            }
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<ElasticsearchAnswer> ReadAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        var answer = new ElasticsearchAnswer((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellationToken));
        ElasticsearchErrors.ThrowIfOfServer(Description, answer);
        return answer;
    }

    private static ReadOnlyMemory<byte> Gzip(ReadOnlyMemory<byte> body)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(body.Span);

        return packed.GetBuffer().AsMemory(0, (int)packed.Length);
    }
}

/// <summary>A status and a body, which is JSON but for errors of proxies in between.</summary>
internal sealed record ElasticsearchAnswer(int Status, byte[] Body)
{
    public bool IsSuccess => Status is >= 200 and < 300;

    /// <summary>The body; an empty object when it is no JSON.</summary>
    public JsonElement Root
    {
        get
        {
            try
            {
                var reader = new Utf8JsonReader(Body);
                return JsonElement.ParseValue(ref reader);
            }
            catch (JsonException)
            {
                return JsonElement.Parse("{}");
            }
        }
    }

    /// <summary>The error's type, such as index_not_found_exception; empty when there is none.</summary>
    public string ErrorType => Root.ValueKind == JsonValueKind.Object && Root.TryGetProperty("error", out var error)
        && error.ValueKind == JsonValueKind.Object && error.TryGetProperty("type", out var type) ? type.GetString() ?? "" : "";
}
