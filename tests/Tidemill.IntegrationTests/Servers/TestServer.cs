namespace Tidemill.IntegrationTests.Servers;

/// <summary>What to do where a test's server cannot be had.</summary>
internal static class TestServer
{
    /// <summary>The server; without one the test is skipped on a developer's machine and fails on CI.</summary>
    public static T Required<T>(T? server, string missing)
        where T : class
    {
        if (server is null && Environment.GetEnvironmentVariable("CI") != "true")
            Assert.Skip(missing);

        return server ?? throw new InvalidOperationException(missing);
    }
}
