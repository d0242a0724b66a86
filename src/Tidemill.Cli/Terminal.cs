using Spectre.Console;

namespace Tidemill.Cli;

/// <summary>Output for people: plain and unwrapped when it goes to a file or a pipe.</summary>
internal static class Terminal
{
    private const int PipeWidth = 200;

    /// <summary>Decides once, before the first output.</summary>
    public static void Prepare()
    {
        AnsiConsole.Console = Create(Console.Out, Console.IsOutputRedirected);
        Errors = Create(Console.Error, Console.IsErrorRedirected);
    }

    public static IAnsiConsole Errors { get; private set; } = AnsiConsole.Console;

    /// <summary>Waits with a spinner on a terminal, silently otherwise.</summary>
    public static Task<T> WaitAsync<T>(string what, Task<T> work) => Console.IsOutputRedirected
        ? work
        : AnsiConsole.Status().StartAsync(Markup.Escape(what), _ => work);

    private static IAnsiConsole Create(TextWriter writer, bool redirected)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
            Interactive = redirected ? InteractionSupport.No : InteractionSupport.Detect,
        });
        if (redirected)
            console.Profile.Width = PipeWidth;

        return console;
    }
}
