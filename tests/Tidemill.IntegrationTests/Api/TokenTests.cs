using System.Net;
using System.Net.Http.Headers;
using Tidemill.Server.Hosting;

namespace Tidemill.IntegrationTests.Api;

public sealed class TokenTests : IAsyncLifetime
{
    private const string Token = "a-token-of-twenty-four";

    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-token-").FullName;
    private TidemillHost _host = null!;
    private HttpClient _client = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(
            Path.Combine(_folder, "tidemill.yaml"), "name: p\ntargets: {dev: {}}\ntopics: {t: {}}\n", Cancellation);
        _host = await TidemillHost.StartAsync(
            new HostOptions { ProjectFolder = _folder, Port = 0, Address = IPAddress.Any, Token = Token }, Cancellation);
        _client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = _host.Url };
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _host.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("/api/status")]
    [InlineData("/metrics")]
    [InlineData("/api/openapi.json")]
    [InlineData("/")]
    public async Task Without_the_token_a_program_is_refused_and_told_how_to_send_it(string path)
    {
        using var response = await _client.GetAsync(path, Cancellation);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("Bearer", response.Headers.WwwAuthenticate.ToString());
        Assert.Contains("TIDEMILL_TOKEN", await response.Content.ReadAsStringAsync(Cancellation));
    }

    [Theory]
    [InlineData("Bearer", Token, HttpStatusCode.OK)]
    [InlineData("bearer", Token, HttpStatusCode.OK)]
    [InlineData("Bearer", Token + "x", HttpStatusCode.Unauthorized)]
    [InlineData("Basic", Token, HttpStatusCode.Unauthorized)]
    public async Task Only_the_token_itself_is_taken(string scheme, string value, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/status");
        request.Headers.Authorization = new AuthenticationHeaderValue(scheme, value);
        request.Headers.Host = "tidemill.example:8080";
        using var response = await _client.SendAsync(request, Cancellation);
        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task Orchestrators_learn_the_state_but_no_names()
    {
        using var response = await _client.GetAsync("/health", Cancellation);
        Assert.DoesNotContain("warehouse", await response.Content.ReadAsStringAsync(Cancellation));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/health");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        using var full = await _client.SendAsync(request, Cancellation);
        Assert.Contains("warehouse", await full.Content.ReadAsStringAsync(Cancellation));
    }

    [Fact]
    public async Task Browser_signs_in_and_out_and_never_keeps_the_token()
    {
        using var turned = await GetPageAsync("/topics?x=1", cookie: null);
        Assert.Equal("/sign-in?next=%2Ftopics%3Fx%3D1", turned.Headers.Location?.OriginalString);
        using var wrong = await SignInAsync("not the token at all");
        Assert.StartsWith("/sign-in?wrong=true", wrong.Headers.Location?.OriginalString);
        Assert.False(wrong.Headers.Contains("Set-Cookie"));
        using var right = await SignInAsync(Token);
        Assert.Equal("/topics", right.Headers.Location?.OriginalString);
        var cookie = Assert.Single(right.Headers.GetValues("Set-Cookie"));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Token, cookie);
        using var page = await GetPageAsync("/topics", cookie.Split(';')[0]);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Contains("Sign out", await page.Content.ReadAsStringAsync(Cancellation));
    }

    [Theory]
    [InlineData("//evil.example")]
    [InlineData("https://evil.example")]
    [InlineData("/\\evil.example")]
    public async Task Sign_in_leads_nowhere_else(string next)
    {
        using var response = await SignInAsync(Token, next);
        Assert.Equal("/", response.Headers.Location?.OriginalString);
    }

    private Task<HttpResponseMessage> SignInAsync(string token, string next = "/topics") => _client.PostAsync(
        "/session", new FormUrlEncodedContent([new("token", token), new("next", next)]), Cancellation);

    private async Task<HttpResponseMessage> GetPageAsync(string path, string? cookie)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd("text/html");
        if (cookie is not null) request.Headers.Add("Cookie", cookie);
        return await _client.SendAsync(request, Cancellation);
    }
}
