using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Tidemill.DuckDb;

/// <summary>A cell of INTERVAL: months, days and microseconds, each with its own sign.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct DuckDbInterval(int Months, int Days, long Micros)
{
    private const long MicrosPerSecond = 1_000_000;
    private const long MicrosPerMinute = 60 * MicrosPerSecond;
    private const long MicrosPerHour = 60 * MicrosPerMinute;

    /// <summary>An ISO 8601 duration, each number with its own sign: P1Y2M25DT5H, PT-1.5S, PT0S.</summary>
    public override string ToString()
    {
        var text = new StringBuilder("P");
        Add(text, Months / 12, 'Y');
        Add(text, Months % 12, 'M');
        Add(text, Days, 'D');
        if (Micros != 0 || text.Length == 1)
        {
            text.Append('T');
            Add(text, Micros / MicrosPerHour, 'H');
            Add(text, Micros % MicrosPerHour / MicrosPerMinute, 'M');
            var seconds = (decimal)(Micros % MicrosPerMinute) / MicrosPerSecond;
            if (seconds != 0 || Micros == 0) text.Append(CultureInfo.InvariantCulture, $"{seconds:0.######}S");
        }

        return text.ToString();
    }

    private static void Add(StringBuilder text, long number, char unit)
    {
        if (number != 0) text.Append(CultureInfo.InvariantCulture, $"{number}{unit}");
    }
}
