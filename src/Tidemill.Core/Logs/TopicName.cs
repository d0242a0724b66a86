using System.Buffers;
using Tidemill.Core.Errors;

namespace Tidemill.Core.Logs;

/// <summary>Topic names as Kafka takes them, so that every topic can move there.</summary>
public static class TopicName
{
    private const int MaxLength = 249;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

    public static bool IsValid(string name) =>
        name.Length is > 0 and <= MaxLength && name is not ("." or "..") && !name.AsSpan().ContainsAnyExcept(Allowed);

    /// <exception cref="TidemillException">InvalidRequest when the name is not allowed.</exception>
    public static void Check(string name)
    {
        if (IsValid(name)) return;
        throw new TidemillException(
            ErrorCode.InvalidRequest,
            $"A topic name has 1 to {MaxLength} characters out of a-z, A-Z, 0-9, '.', '_' and '-', and is not '.' or '..'.");
    }
}
