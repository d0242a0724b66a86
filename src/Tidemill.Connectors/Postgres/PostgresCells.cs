using System.Text;
using Tidemill.Connectors.DuckDb;
using Tidemill.Connectors.Postgres.Copy;
using Tidemill.DuckDb;
using static System.Buffers.Binary.BinaryPrimitives;

namespace Tidemill.Connectors.Postgres;

/// <summary>A cell's binary form as the value that <see cref="Core.Warehouses.IQueryResult"/> promises.</summary>
internal delegate object CellDecoder(ReadOnlySpan<byte> bytes);

/// <summary>
/// Types whose range exceeds .NET's, and arrays, are decoded here (the send functions in PostgreSQL's utils/adt say the formats, all
/// big-endian); Npgsql decodes the others.
/// </summary>
internal static class PostgresCells
{
    private const int EpochDays = 10_957;
    private const long EpochMicros = 946_684_800_000_000;

    /// <summary>Null for types that Npgsql decodes.</summary>
    public static CellDecoder? Decoder(string type)
    {
        if (type.EndsWith("[]", StringComparison.Ordinal))
            return Element(type[..^2]) is { } element ? bytes => Array(bytes, element) : null;

        return Plain(type) switch
        {
            "numeric" => IsHugeInt(type) ? bytes => NumericFormat.Read(bytes, true) : bytes => NumericFormat.Read(bytes, false),
            "date" => bytes => Date(ReadInt32BigEndian(bytes)),
            "timestamp without time zone" => bytes => Timestamp(ReadInt64BigEndian(bytes), false),
            "timestamp with time zone" => bytes => Timestamp(ReadInt64BigEndian(bytes), true),
            "time without time zone" => bytes => Time(ReadInt64BigEndian(bytes)),
            "interval" => Interval,
            _ => null,
        };
    }

    /// <summary>As of an array; null where an array is left to Npgsql.</summary>
    private static CellDecoder? Element(string type) => Decoder(type) ?? Plain(type) switch
    {
        "boolean" => bytes => bytes[0] != 0,
        "smallint" => bytes => ReadInt16BigEndian(bytes),
        "integer" => bytes => ReadInt32BigEndian(bytes),
        "bigint" => bytes => ReadInt64BigEndian(bytes),
        "real" => bytes => ReadSingleBigEndian(bytes),
        "double precision" => bytes => ReadDoubleBigEndian(bytes),
        "text" or "character varying" or "character" or "name" or "json" => bytes => Encoding.UTF8.GetString(bytes),
        "jsonb" => bytes => Encoding.UTF8.GetString(bytes[1..]),
        "uuid" => bytes => new Guid(bytes, bigEndian: true),
        "bytea" => bytes => bytes.ToArray(),
        _ => null,
    };

    /// <summary>numeric(39,0) is what a HUGEINT is stored as.</summary>
    private static bool IsHugeInt(string type) => type is "numeric(39,0)" or "numeric(39, 0)" or "numeric(39)";

    /// <summary>The type's name without length, precision and scale.</summary>
    private static string Plain(string type)
    {
        var (open, close) = (type.IndexOf('(', StringComparison.Ordinal), type.IndexOf(')', StringComparison.Ordinal));
        return open < 0 || close < open ? type : string.Concat(type.AsSpan(0, open), type.AsSpan(close + 1));
    }

    private static object Date(int days)
    {
        var date = days switch
        {
            int.MaxValue => DuckDbDate.PositiveInfinity,
            int.MinValue => DuckDbDate.NegativeInfinity,
            _ => new DuckDbDate(days + EpochDays),
        };
        return date.TryToDateOnly(out var near) ? near : date;
    }

    private static object Timestamp(long micros, bool zoned)
    {
        var sum = (Int128)micros + EpochMicros;
        if (micros < long.MaxValue && sum >= long.MaxValue)
            return FarDate.OfTimestamp(sum, zoned ? "Z" : "");

        var moment = micros switch
        {
            long.MaxValue => DuckDbTimestamp.PositiveInfinity,
            long.MinValue => DuckDbTimestamp.NegativeInfinity,
            _ => new DuckDbTimestamp((long)sum),
        };
        return moment.TryToDateTime(out var near) ? DateTime.SpecifyKind(near, zoned ? DateTimeKind.Utc : DateTimeKind.Unspecified)
            : zoned ? new DuckDbTimestampTz(moment.Micros) : moment;
    }

    private static object Time(long micros) => micros < TimeSpan.MicrosecondsPerDay
        ? new TimeOnly(micros * TimeSpan.TicksPerMicrosecond)
        : TimeSpan.FromMicroseconds(micros);

    private static object Interval(ReadOnlySpan<byte> bytes) => DuckDbCells.Interval(new DuckDbInterval(
        ReadInt32BigEndian(bytes[12..]), ReadInt32BigEndian(bytes[8..]), ReadInt64BigEndian(bytes)));

    /// <summary><c>i32 dimensions | i32 has nulls | u32 element type | dimensions * (i32 length | i32 lower bound) | elements</c>, an
    /// element being <c>i32 bytes or -1 for NULL | bytes</c>, the last dimension's side by side.</summary>
    private static object?[] Array(ReadOnlySpan<byte> bytes, CellDecoder element)
    {
        var lengths = new int[ReadInt32BigEndian(bytes)];
        for (var i = 0; i < lengths.Length; i++)
            lengths[i] = ReadInt32BigEndian(bytes[(12 + 8 * i)..]);

        var elements = bytes[(12 + 8 * lengths.Length)..];
        return lengths.Length == 0 ? [] : Elements(ref elements, lengths, element);
    }

    private static object?[] Elements(ref ReadOnlySpan<byte> bytes, ReadOnlySpan<int> lengths, CellDecoder element)
    {
        var items = new object?[lengths[0]];
        for (var i = 0; i < items.Length; i++)
            items[i] = lengths.Length > 1 ? Elements(ref bytes, lengths[1..], element) : Next(ref bytes, element);

        return items;
    }

    private static object? Next(ref ReadOnlySpan<byte> bytes, CellDecoder element)
    {
        var length = ReadInt32BigEndian(bytes);
        var end = 4 + Math.Max(length, 0);
        var item = length < 0 ? null : element(bytes[4..end]);
        bytes = bytes[end..];
        return item;
    }
}
