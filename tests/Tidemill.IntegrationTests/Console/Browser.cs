using Microsoft.Playwright;

namespace Tidemill.IntegrationTests.Console;

/// <summary>A real Chromium for the tests of a class; TIDEMILL_TEST_CHROMIUM names it where it is not in its usual place.</summary>
public sealed class Browser : IAsyncLifetime
{
    private static readonly string[] UsualPlaces =
    [
        "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", @"C:\Program Files\Google\Chrome\Application\chrome.exe",
    ];

    private static readonly string[] Flags =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync",
    ];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        if ((Environment.GetEnvironmentVariable("TIDEMILL_TEST_CHROMIUM") ?? UsualPlaces.FirstOrDefault(File.Exists)) is { } path)
        {
            _playwright = await Playwright.CreateAsync();
            _browser = await _playwright.Chromium.LaunchAsync(
                new BrowserTypeLaunchOptions { ExecutablePath = path, Headless = true, Args = Flags });
        }
    }

    public async ValueTask DisposeAsync()
    {
        await (_browser?.CloseAsync() ?? Task.CompletedTask);
        _playwright?.Dispose();
    }

    /// <summary>A page in a profile of its own. Skipped without a browser on a developer's machine, failed on CI.</summary>
    public async Task<Visit> OpenAsync(Uri server, string path, int width, int height, ColorScheme scheme)
    {
        if (_browser is null)
        {
            Assert.SkipWhen(Environment.GetEnvironmentVariable("CI") is null, "There is no Chromium; set TIDEMILL_TEST_CHROMIUM.");
            Assert.Fail("There is no Chromium; set TIDEMILL_TEST_CHROMIUM.");
        }

        var context = await _browser!.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = server.ToString(),
            ViewportSize = new ViewportSize { Width = width, Height = height },
            ColorScheme = scheme,
        });
        var visit = new Visit(await context.NewPageAsync());
        await visit.Page.GotoAsync(path);
        return visit;
    }
}

/// <summary>A page, and what its scripts and resources got wrong.</summary>
public sealed class Visit : IAsyncDisposable
{
    private readonly List<string> _errors = [];

    public Visit(IPage page)
    {
        Page = page;
        page.PageError += (_, error) => _errors.Add(error);
        page.Console += (_, message) =>
        {
            if (message.Type == "error") _errors.Add(message.Text);
        };
    }

    public IPage Page { get; }

    public IReadOnlyList<string> Errors => _errors;

    public async ValueTask DisposeAsync() => await Page.Context.CloseAsync();
}
