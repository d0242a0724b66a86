using System.Security.Cryptography;
using System.Text;
using Tidemill.Core.Configuration;

namespace Tidemill.Streaming.Drift;

/// <summary>Names columns after properties: <c>a</c>, <c>user_name</c> for user.name.</summary>
internal static class ColumnNames
{
    /// <summary>PostgreSQL's bound on identifiers, in bytes.</summary>
    private const int MaxBytes = 63;

    private static readonly string[] Reserved = ["_topic", "_partition", "_offset", "_timestamp", "_key"];

    /// <summary>A name that no field has yet and both engines take. Equal paths give equal names.</summary>
    public static string For(IReadOnlyList<string> path, DecodeDefinition decode)
    {
        var name = string.Concat(string.Join('_', path).Where(c => c is not ('\0' or '"')));
        var taken = decode.Fields.Select(
            f => f.Name).Concat(Reserved).Append(decode.ExtraColumn ?? "").ToHashSet(StringComparer.OrdinalIgnoreCase);
        return Encoding.UTF8.GetByteCount(name) <= MaxBytes && !taken.Contains(name) ? name : Shortened(name, string.Join('\0', path));
    }

    private static string Shortened(string name, string path)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(path)))[..6];
        while (Encoding.UTF8.GetByteCount(name) > MaxBytes - hash.Length - 1)
            name = name[..^1];

        return $"{name}_{hash}";
    }
}
