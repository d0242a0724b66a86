namespace Tidemill.Core.Logs;

/// <summary>A record's position in its partition: 0 for the first record ever appended, then one more each.</summary>
public readonly record struct LogOffset(long Value) : IComparable<LogOffset>
{
    public static readonly LogOffset Zero = new(0);

    public int CompareTo(LogOffset other) => Value.CompareTo(other.Value);

    public static bool operator <(LogOffset left, LogOffset right) => left.Value < right.Value;

    public static bool operator >(LogOffset left, LogOffset right) => left.Value > right.Value;

    public static bool operator <=(LogOffset left, LogOffset right) => left.Value <= right.Value;

    public static bool operator >=(LogOffset left, LogOffset right) => left.Value >= right.Value;

    /// <summary>The offset <paramref name="records"/> records later.</summary>
    public LogOffset Plus(long records) => new(Value + records);

    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>One partition of one topic; partitions count from 0.</summary>
public readonly record struct TopicPartition(string Topic, int Partition)
{
    public override string ToString() => $"{Topic}/{Partition}";
}

/// <summary>One record's full address.</summary>
public readonly record struct RecordPosition(TopicPartition Partition, LogOffset Offset)
{
    public override string ToString() => $"{Partition}/{Offset}";
}

/// <summary>Offsets of one partition from <paramref name="Start"/> to just before <paramref name="End"/>.</summary>
public readonly record struct OffsetRange(TopicPartition Partition, LogOffset Start, LogOffset End)
{
    public long Count => End.Value - Start.Value;
}
