using System.Text;
using Tidemill.DuckDb;

namespace Tidemill.Tests.DuckDb;

/// <summary>Seeded column types and values of every kind the binding writes, with edges more often than chance.</summary>
internal sealed class ChunkGenerator(int seed)
{
    private readonly Random _random = new(seed);

    public static IReadOnlyList<LogicalType> Scalars { get; } = [
        LogicalType.Boolean, LogicalType.TinyInt, LogicalType.SmallInt, LogicalType.Integer, LogicalType.BigInt,
        LogicalType.HugeInt, LogicalType.UTinyInt, LogicalType.USmallInt, LogicalType.UInteger, LogicalType.UBigInt,
        LogicalType.UHugeInt, LogicalType.Float, LogicalType.Double, LogicalType.Varchar, LogicalType.Json,
        LogicalType.Blob, LogicalType.Bit, LogicalType.Uuid, LogicalType.Date, LogicalType.Time, LogicalType.TimeNs,
        LogicalType.TimeTz, LogicalType.Timestamp, LogicalType.TimestampS, LogicalType.TimestampMs,
        LogicalType.TimestampNs, LogicalType.TimestampTz, LogicalType.Interval,
        LogicalType.Enum("low", "mid", "it's \"high\""),
        LogicalType.Enum(Enumerable.Range(0, 300).Select(i => $"label {i}")),
    ];

    public int Next(int max) => _random.Next(max);

    public LogicalType Type(int depth) => _random.Next(depth > 0 ? 10 : 5) switch
    {
        <= 3 => Scalars[_random.Next(Scalars.Count)],
        4 => DecimalType(),
        5 => LogicalType.List(Type(depth - 1)),
        6 => LogicalType.Array(Type(depth - 1), 1 + _random.Next(4)),
        7 => LogicalType.Map(_random.Next(2) == 0 ? LogicalType.Varchar : LogicalType.Integer, Type(depth - 1)),
        8 => LogicalType.Struct(Fields(depth)),
        _ => LogicalType.Union(Fields(depth)),
    };

    private TypeField[] Fields(int depth)
    {
        var count = 1 + _random.Next(3);
        return Enumerable.Range(0, count).Select(i => new TypeField($"f {i}", Type(depth - 1))).ToArray();
    }

    public LogicalType DecimalType()
    {
        var width = 1 + _random.Next(38);
        return LogicalType.Decimal(width, _random.Next(width + 1));
    }

    public object? Value(LogicalType type) => _random.Next(6) == 0 ? null : NonNull(type);

    public object NonNull(LogicalType type) => type.TypeId switch
    {
        DuckDbTypeId.Boolean => _random.Next(2) == 0,
        DuckDbTypeId.TinyInt => (sbyte)Integer(8),
        DuckDbTypeId.SmallInt => (short)Integer(16),
        DuckDbTypeId.Integer => (int)Integer(32),
        DuckDbTypeId.BigInt => (long)Integer(64),
        DuckDbTypeId.HugeInt => Integer(128),
        DuckDbTypeId.UTinyInt => (byte)Integer(8),
        DuckDbTypeId.USmallInt => (ushort)Integer(16),
        DuckDbTypeId.UInteger => (uint)Integer(32),
        DuckDbTypeId.UBigInt => (ulong)Integer(64),
        DuckDbTypeId.UHugeInt => (UInt128)Integer(128),
        DuckDbTypeId.Float => Pick(0f, float.NaN, float.PositiveInfinity, float.MinValue, _random.NextSingle()),
        DuckDbTypeId.Double => Pick(-0.0, double.NaN, double.NegativeInfinity, double.MaxValue, _random.NextDouble()),
        DuckDbTypeId.Varchar => type.Alias is null ? Text() : $$"""{"a": {{_random.Next()}}}""",
        DuckDbTypeId.Blob => Bytes(),
        DuckDbTypeId.Bit => string.Concat(Enumerable.Range(0, 1 + _random.Next(130)).Select(_ => _random.Next(2))),
        DuckDbTypeId.Uuid => Pick(Guid.Empty, Guid.AllBitsSet, new(Bits(16)), new(Bits(16))),
        DuckDbTypeId.Enum => type.Labels[_random.Next(type.Labels.Length)],
        DuckDbTypeId.Decimal => Decimal(type),
        DuckDbTypeId.List => Enumerable.Range(0, _random.Next(5)).Select(_ => Value(type.Element)).ToArray(),
        DuckDbTypeId.Array => Enumerable.Range(0, type.ArraySize).Select(_ => Value(type.Element)).ToArray(),
        DuckDbTypeId.Map => Map(type),
        DuckDbTypeId.Struct => new OrderedDictionary<string, object?>(
            type.Fields.Select(field => KeyValuePair.Create(field.Name, Value(field.Type)))),
        DuckDbTypeId.Union => Union(type),
        _ => Temporal(type),
    };

    private object Temporal(LogicalType type)
    {
        var micros = _random.NextInt64(-60_000_000_000_000_000, 250_000_000_000_000_000);
        var time = DateTime.UnixEpoch.AddMicroseconds(micros);
        return type.TypeId switch
        {
            DuckDbTypeId.Date => Pick<object>(
                DateOnly.MinValue, DateOnly.MaxValue, DuckDbDate.PositiveInfinity, DuckDbDate.NegativeInfinity,
                DateOnly.FromDateTime(time)),
            DuckDbTypeId.Time => Pick<object>(
                TimeOnly.MinValue, TimeSpan.FromDays(1), new TimeOnly(_random.NextInt64(86_400_000_000) * 10)),
            DuckDbTypeId.TimeNs => new DuckDbTimeNs(_random.NextInt64(86_400_000_000_000)),
            DuckDbTypeId.TimeTz => new DuckDbTimeTz(_random.NextInt64(86_400_000_000), _random.Next(-57_599, 57_600)),
            DuckDbTypeId.Timestamp => Pick<object>(
                DateTime.MinValue, new DateTime(9999, 12, 31, 23, 59, 59), DuckDbTimestamp.PositiveInfinity,
                DuckDbTimestamp.NegativeInfinity, new DuckDbTimestamp(9_000_000_000_000_000_000), time, time),
            DuckDbTypeId.TimestampS => new DateTime(time.Ticks - time.Ticks % TimeSpan.TicksPerSecond),
            DuckDbTypeId.TimestampMs => new DateTime(time.Ticks - time.Ticks % TimeSpan.TicksPerMillisecond),
            DuckDbTypeId.TimestampNs => Pick(
                DuckDbTimestampNs.PositiveInfinity, new(_random.NextInt64(-9_000_000_000_000_000_000, long.MaxValue))),
            DuckDbTypeId.TimestampTz => Pick<object>(
                new DuckDbTimestampTz(-long.MaxValue), new DuckDbTimestampTz(-70_000_000_000_000_000), new DateTimeOffset(time.Ticks, TimeSpan.Zero)),
            DuckDbTypeId.Interval => new DuckDbInterval(
                _random.Next(-1000, 1000), _random.Next(-1000, 1000), _random.NextInt64(-1L << 50, 1L << 50)),
            _ => throw new InvalidOperationException(type.ToString()),
        };
    }

    private object Decimal(LogicalType type)
    {
        var limit = Int128.Parse(new string('9', type.Width), null);
        var unscaled = Pick(limit, -limit, 0, Integer(128) % (limit + (limit == Int128.MaxValue ? 0 : 1)));
        var number = new DuckDbDecimal(unscaled, type.Width, type.Scale);
        return type.Width <= 28 && number.TryToDecimal(out var small) ? small : number;
    }

    private KeyValuePair<object, object?>[] Map(LogicalType type)
    {
        var textKeys = type.Fields[0].Type.TypeId == DuckDbTypeId.Varchar;
        return [.. Enumerable.Range(0, _random.Next(4)).Select(i => KeyValuePair.Create<object, object?>(
            textKeys ? $"a key of some length {i}" : i, Value(type.Fields[1].Type)))];
    }

    private DuckDbUnion Union(LogicalType type)
    {
        var member = type.Fields[_random.Next(type.Fields.Length)];
        return new(member.Name, Value(member.Type));
    }

    private Int128 Integer(int bits) => _random.Next(8) switch
    {
        0 => 0,
        1 => -1,
        2 => Int128.MaxValue >> (128 - bits),
        3 => Int128.MinValue >> (128 - bits),
        _ => new Int128(Word(), Word()),
    };

    private ulong Word() => (ulong)_random.NextInt64(long.MinValue, long.MaxValue);

    /// <summary>Around the 12 bytes that lie inside a cell, empty, long; ASCII, two to four bytes a character, NUL.</summary>
    private string Text()
    {
        var length = Pick(0, 1, 4, 11, 12, 13, 16, 200, 3000);
        var text = new StringBuilder();
        while (text.Length < length) text.Append(Pick("a", "Z", "0", " ", "\0", "é", "日", "🌊"));
        return text.ToString();
    }

    private byte[] Bytes() => Bits(Pick(0, 1, 12, 13, 100, 5000));

    private byte[] Bits(int count)
    {
        var bytes = new byte[count];
        _random.NextBytes(bytes);
        return bytes;
    }

    private T Pick<T>(params T[] options) => options[_random.Next(options.Length)];
}
