using Tidemill.DuckDb;
using BigInteger = System.Numerics.BigInteger;

namespace Tidemill.Connectors.DuckDb;

/// <summary>Cells as the CLR values that <see cref="Core.Warehouses.IQueryResult"/> promises.</summary>
internal static class DuckDbCells
{
    /// <summary>The cell boxed. What no CLR type holds (far dates, 38-digit decimals, intervals with months) comes as text.</summary>
    public static object? Read(Vector vector, int row) => vector.GetValue(row) switch
    {
        Int128 huge => (BigInteger)huge,
        UInt128 huge => (BigInteger)huge,
        DuckDbDecimal number => number.TryToDecimal(out var small) ? small : number.ToString(),
        DateTimeOffset moment => moment.UtcDateTime,
        DuckDbInterval interval => Interval(interval),
        DuckDbTimestampNs moment => moment.ToString(),
        DuckDbDate or DuckDbTimestamp or DuckDbTimeNs or DuckDbTimeTz => vector.GetValue(row)!.ToString(),
        var value => value,
    };

    /// <summary>A TimeSpan where one holds it, else an ISO 8601 duration.</summary>
    public static object Interval(DuckDbInterval interval)
    {
        var micros = (Int128)interval.Days * TimeSpan.MicrosecondsPerDay + interval.Micros;
        var most = TimeSpan.MaxValue.Ticks / TimeSpan.TicksPerMicrosecond;
        return interval.Months == 0 && micros >= -most && micros <= most
            ? new TimeSpan((long)micros * TimeSpan.TicksPerMicrosecond)
            : interval.ToString();
    }
}
