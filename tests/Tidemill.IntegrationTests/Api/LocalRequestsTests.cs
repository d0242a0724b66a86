using System.Net;

namespace Tidemill.IntegrationTests.Api;

public sealed class LocalRequestsTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Theory]
    [InlineData("evil.example")]
    [InlineData("localhost.evil.example")]
    [InlineData("10.0.0.1:8080")]
    public async Task Host_that_is_no_loopback_name_is_refused(string host)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/status");
        request.Headers.Host = host;
        using var response = await server.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("127.0.0.1")]
    [InlineData("[::1]:99")]
    public async Task Loopback_names_pass(string host)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/status");
        request.Headers.Host = host;
        using var response = await server.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("Origin", "http://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Origin", "http://localhost:1")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    public async Task Change_asked_for_by_another_site_is_refused(string header, string value) =>
        await server.RefusedAsync(403, "/api/topics/plain/records", "{}", "application/json", (header, value));

    [Fact]
    public async Task Change_asked_for_by_the_own_page_passes() => await server.PostAsync(
        "/api/topics/plain/records", "{}", "application/json",
        ("Origin", server.Client.BaseAddress!.GetLeftPart(UriPartial.Authority)), ("Sec-Fetch-Site", "same-origin"));
}
