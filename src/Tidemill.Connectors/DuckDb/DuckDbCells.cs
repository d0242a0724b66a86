using Tidemill.DuckDb;
using BigInteger = System.Numerics.BigInteger;

namespace Tidemill.Connectors.DuckDb;

/// <summary>Cells as the values that <see cref="Core.Warehouses.IQueryResult"/> promises.</summary>
internal static class DuckDbCells
{
    public static object? Read(Vector vector, int row) => vector.GetValue(row) switch
    {
        Int128 huge => (BigInteger)huge,
        UInt128 huge => (BigInteger)huge,
        DuckDbDecimal number => Decimal(number),
        DateTimeOffset moment => moment.UtcDateTime,
        DuckDbInterval interval => Interval(interval),
        var value => value,
    };

    /// <summary>A decimal where one holds it.</summary>
    public static object Decimal(DuckDbDecimal number) => number.TryToDecimal(out var small) ? small : number;

    /// <summary>A TimeSpan where one holds it.</summary>
    public static object Interval(DuckDbInterval interval)
    {
        var micros = (Int128)interval.Days * TimeSpan.MicrosecondsPerDay + interval.Micros;
        var most = TimeSpan.MaxValue.Ticks / TimeSpan.TicksPerMicrosecond;
        return interval.Months == 0 && micros >= -most && micros <= most
            ? new TimeSpan((long)micros * TimeSpan.TicksPerMicrosecond)
            : interval;
    }
}
