namespace Tidemill.Connectors.Generator;

/// <summary>How a record is broken.</summary>
internal enum Malformation
{
    None,

    /// <summary>The JSON ends in the middle.</summary>
    Cut,

    /// <summary>A number, time or UUID holds a boolean.</summary>
    WrongType,

    /// <summary>The key field, or the first, is left out.</summary>
    MissingField,
    NotJson,
}

/// <param name="Identity">The record whose fields it holds: its own number, or that of the earlier one it repeats.</param>
/// <param name="Delay">How far its time fields lie in the past.</param>
/// <param name="Malformation">How it is broken.</param>
internal readonly record struct RecordPlan(long Identity, TimeSpan Delay, Malformation Malformation);

/// <summary>Decides by seed and number alone what becomes of each record.</summary>
internal sealed class RecordPlanner(GeneratorSourceDefinition definition)
{
    private const int DuplicateSalt = 1;
    private const int TargetSalt = 2;
    private const int MalformedSalt = 3;
    private const int KindSalt = 4;
    private const int LateSalt = 5;
    private const int DelaySalt = 6;

    /// <summary>A duplicate follows its original after at most so many records.</summary>
    private const int Window = 1000;

    /// <summary>More than the two minutes from which a record counts as late.</summary>
    private static readonly TimeSpan LeastDelay = TimeSpan.FromSeconds(121);

    public RecordPlan Plan(long n) => new(Identity(n), Delay(n), IsMalformed(n) ? Kind(n) : Malformation.None);

    private bool IsMalformed(long n) => Unit(n, MalformedSalt) < definition.MalformedShare;

    private bool IsDuplicate(long n) => n > 0 && Unit(n, DuplicateSalt) < definition.DuplicateShare;

    /// <summary>Broken records repeat nothing, and nothing repeats them: each duplicate is one that deduplication must catch.</summary>
    private long Identity(long n)
    {
        if (!IsDuplicate(n) || IsMalformed(n))
            return n;

        var nearest = n - 1 - Draw.Below(definition.Seed, n, TargetSalt, Math.Min(n, Window));
        for (var m = nearest; m >= Math.Max(0, nearest - Window); m--)
        {
            if (!IsMalformed(m) && !IsDuplicate(m))
                return m;
        }

        return n;
    }

    private TimeSpan Delay(long n)
    {
        if (Unit(n, LateSalt) >= definition.LateShare)
            return TimeSpan.Zero;

        var spread = definition.LateBy - LeastDelay;
        return LeastDelay + (spread > TimeSpan.Zero ? spread * Unit(n, DelaySalt) : TimeSpan.Zero);
    }

    private Malformation Kind(long n) => Malformation.Cut + (int)Draw.Below(definition.Seed, n, KindSalt, 4);

    private double Unit(long n, int salt) => Draw.Unit(definition.Seed, n, salt);
}
