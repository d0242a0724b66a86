using System.Diagnostics;
using System.Text.Json;

namespace Tidemill.Tests.Jinja;

/// <summary>Python's jinja2 as a process that answers line by line: tests/golden/jinja/oracle.py.</summary>
internal sealed class Jinja2 : IDisposable
{
    private static readonly string[] Pythons = ["python3", "/usr/bin/python3"];

    private readonly Process _process;

    private Jinja2(Process process, JsonElement context) => (_process, Context) = (process, context);

    /// <summary>The names that every template of the oracle sees.</summary>
    public JsonElement Context { get; }

    /// <summary>Starts the oracle. Skips the test where no Python has jinja2, except on CI, where one must.</summary>
    public static Jinja2 Start()
    {
        var problem = "";
        foreach (var python in Environment.GetEnvironmentVariable("TIDEMILL_TEST_PYTHON") is { } given ? [given] : Pythons)
        {
            if (TryStart(python, out problem) is { } oracle)
                return oracle;
        }

        Assert.SkipWhen(Environment.GetEnvironmentVariable("CI") is null, "There is no jinja2; install Debian's python3-jinja2.");
        throw new InvalidOperationException($"jinja2 does not start: {problem}");
    }

    private static Jinja2? TryStart(string python, out string problem)
    {
        var start = new ProcessStartInfo(python, [Path.Combine(GoldenTests.GoldenFolder(), "oracle.py")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        problem = "";
        try
        {
            var process = Process.Start(start)!;
            if (process.StandardOutput.ReadLine() is { } greeting)
                return new Jinja2(process, JsonDocument.Parse(greeting).RootElement.GetProperty("context"));
            problem = process.StandardError.ReadToEnd().TrimEnd();
            process.Dispose();
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            problem = e.Message;
        }

        return null;
    }

    /// <summary>What jinja2 makes of a template: <c>expected</c>, or <c>error</c> with its <c>message</c>.</summary>
    public JsonElement Ask(object question)
    {
        _process.StandardInput.WriteLine(JsonSerializer.Serialize(question));
        _process.StandardInput.Flush();
        var answer = _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException(_process.StandardError.ReadToEnd());
        return JsonDocument.Parse(answer).RootElement;
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }
}
