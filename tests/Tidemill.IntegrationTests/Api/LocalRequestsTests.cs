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

    [Theory]
    [InlineData("cross-site", null, HttpStatusCode.Forbidden)]
    [InlineData("same-site", null, HttpStatusCode.Forbidden)]
    [InlineData("cross-site", "?1", HttpStatusCode.OK)]
    [InlineData("same-origin", null, HttpStatusCode.OK)]
    [InlineData("none", null, HttpStatusCode.OK)]
    public async Task Sql_that_another_sites_page_asks_for_by_itself_is_not_run(string site, string? user, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/query?sql=SELECT%201");
        request.Headers.Add("Sec-Fetch-Site", site);
        if (user is not null) request.Headers.Add("Sec-Fetch-User", user);
        using var response = await server.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(expected, response.StatusCode);
    }

    [Theory]
    [InlineData("/topics?x=1", "/topics?x=1")]
    [InlineData("/\t/evil.example", "/")]
    [InlineData("/\n/evil.example", "/")]
    [InlineData("//evil.example", "/")]
    [InlineData("/\\evil.example", "/")]
    [InlineData("https://evil.example", "/")]
    [InlineData(null, "/")]
    public void Sign_in_leads_to_this_servers_pages_only(string? next, string expected) =>
        Assert.Equal(expected, Tidemill.Server.Api.SignInEndpoints.Local(next));

    [Fact]
    public async Task Change_asked_for_by_the_own_page_passes() => await server.PostAsync(
        "/api/topics/plain/records", "{}", "application/json",
        ("Origin", server.Client.BaseAddress!.GetLeftPart(UriPartial.Authority)), ("Sec-Fetch-Site", "same-origin"));
}
