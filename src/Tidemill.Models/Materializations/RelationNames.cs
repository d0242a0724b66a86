using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Tidemill.Core.Warehouses;

namespace Tidemill.Models.Materializations;

/// <summary>Names of temporary relations and of indexes, within PostgreSQL's 63 bytes and still distinct when shortened.</summary>
internal static class RelationNames
{
    private const int MaxBytes = 63;

    /// <summary>The table that a model is built in before it takes its name.</summary>
    public static TableName Temporary(TableName relation) => relation with { Name = Fit(relation.Name + "__tidemill_new") };

    public static string Index(TableName relation, IndexSpec index) => Fit(index.NameFor(relation));

    public static string TemporaryIndex(TableName relation, IndexSpec index) => Fit($"{index.NameFor(relation)}__tidemill_new");

    private static string Fit(string name)
    {
        if (Encoding.UTF8.GetByteCount(name) <= MaxBytes)
            return name;
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 5));
        var kept = new StringBuilder();
        foreach (var rune in name.EnumerateRunes())
        {
            if (Encoding.UTF8.GetByteCount(kept.ToString()) + rune.Utf8SequenceLength > MaxBytes - hash.Length - 1)
                break;
            kept.Append(rune.ToString());
        }

        return string.Create(CultureInfo.InvariantCulture, $"{kept}_{hash}");
    }
}
