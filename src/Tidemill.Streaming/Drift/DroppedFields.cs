using Tidemill.Core.Configuration;

namespace Tidemill.Streaming.Drift;

/// <summary>Tells a field that no longer comes from one that comes seldom: it was there, and then not in so many records.</summary>
internal sealed class DroppedFields
{
    /// <summary>Records without the field, one after the other, that make it a dropped one.</summary>
    public const long After = 10_000;

    private readonly Dictionary<string, long> _without = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The fields that with these records count as dropped.</summary>
    public List<DecodeField> Count(DecodeDefinition decode, IReadOnlySet<string> unmet, int records)
    {
        var dropped = new List<DecodeField>();
        foreach (var field in decode.Fields.Where(f => f.Default is null && !f.Dropped))
        {
            if (!unmet.Contains(field.Name))
            {
                _without[field.Name] = 0;
            }
            else if (_without.TryGetValue(field.Name, out var before))
            {
                _without[field.Name] = before + records;
                if (before < After && before + records >= After)
                    dropped.Add(field);
            }
        }

        return dropped;
    }
}
