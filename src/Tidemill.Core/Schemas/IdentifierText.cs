using System.Security.Cryptography;
using System.Text;

namespace Tidemill.Core.Schemas;

/// <summary>Names cut to an engine's bound, between characters and never inside one.</summary>
public static class IdentifierText
{
    /// <summary>The name's longest start of at most <paramref name="maxBytes"/> bytes of UTF-8.</summary>
    public static string Fit(string name, int maxBytes)
    {
        var bytes = 0;
        var length = 0;
        foreach (var rune in name.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > maxBytes) return name[..length];
            length += rune.Utf16SequenceLength;
        }

        return name;
    }

    /// <summary>The name's start, an underscore and the first <paramref name="digits"/> hexadecimal digits of the source's
    /// SHA-256.</summary>
    public static string WithHash(string name, string source, int digits, int maxBytes)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(source)))[..digits];
        return $"{Fit(name, maxBytes - digits - 1)}_{hash}";
    }
}
