using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Tidemill.Core.Errors;

namespace Tidemill.Cli.Commands;

/// <summary>A letter's new value: given on the command line, in a file, or written in the user's editor.</summary>
internal static class LetterValue
{
    /// <param name="value">Given as text; wins.</param>
    /// <param name="file">Given as a file; - is standard input.</param>
    /// <param name="letter">The letter as it stands, for the editor.</param>
    public static async Task<byte[]> ReadAsync(
        string? value, FileInfo? file, Func<Task<JsonElement>> letter, CancellationToken cancellationToken)
    {
        if (value is not null)
            return Encoding.UTF8.GetBytes(value);

        if (file is { Name: "-" })
            return Encoding.UTF8.GetBytes(await Console.In.ReadToEndAsync(cancellationToken));

        if (file is not null)
        {
            return file.Exists
                ? await File.ReadAllBytesAsync(file.FullName, cancellationToken)
                : throw new TidemillException(ErrorCode.NotFound, $"There is no file {file.FullName}.");
        }

        return await EditAsync(await letter(), cancellationToken);
    }

    private static async Task<byte[]> EditAsync(JsonElement letter, CancellationToken cancellationToken)
    {
        if (Environment.GetEnvironmentVariable("EDITOR") is not { Length: > 0 } editor || Console.IsInputRedirected)
        {
            throw new TidemillException(
                ErrorCode.InvalidRequest, "No value is given. Pass --value or --file, or set EDITOR on a terminal.");
        }

        var path = Path.Combine(Path.GetTempPath(), $"letter-{Guid.NewGuid():N}.json");
        try
        {
            await File.WriteAllBytesAsync(path, Bytes(letter, "editedValue") ?? Bytes(letter, "value") ?? [], cancellationToken);
            var words = editor.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            using var process = Process.Start(new ProcessStartInfo(words[0], [.. words.Skip(1), path]))!;
            await process.WaitForExitAsync(cancellationToken);
            return process.ExitCode == 0
                ? await File.ReadAllBytesAsync(path, cancellationToken)
                : throw new TidemillException(ErrorCode.InvalidRequest, $"{words[0]} ended with {process.ExitCode}; nothing was changed.");
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static byte[]? Bytes(JsonElement letter, string name) =>
        letter.TryGetProperty(name, out var view) && view.ValueKind == JsonValueKind.Object
            ? view.GetProperty("base64").GetBytesFromBase64()
            : null;
}
