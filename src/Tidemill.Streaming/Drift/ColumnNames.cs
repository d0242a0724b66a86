using Tidemill.Core.Configuration;
using Tidemill.Core.Schemas;

namespace Tidemill.Streaming.Drift;

/// <summary>Names columns after properties: <c>a</c>, <c>user_name</c> for user.name.</summary>
internal static class ColumnNames
{
    /// <summary>PostgreSQL's bound on identifiers, in bytes.</summary>
    private const int MaxBytes = 63;

    private static readonly string[] Reserved = ["_topic", "_partition", "_offset", "_timestamp", "_key"];

    /// <summary>A name that no field and none of <paramref name="others"/> has, and that both engines take. The order of paths does not
    /// change the name of a path that stands alone.</summary>
    public static string For(IReadOnlyList<string> path, DecodeDefinition decode, IEnumerable<string> others)
    {
        var name = string.Concat(string.Join('_', path).Where(c => c is not ('\0' or '"')));
        var taken = decode.Fields.Select(f => f.Name).Concat(Reserved).Concat(others).Append(decode.ExtraColumn ?? "")
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        var given = IdentifierText.Fit(name, MaxBytes);
        return given == name && !taken.Contains(name) ? name : IdentifierText.WithHash(name, string.Join('\0', path), 6, MaxBytes);
    }
}
