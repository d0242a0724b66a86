using System.Runtime.InteropServices;

namespace Tidemill.DuckDb;

/// <summary>A cell of INTERVAL: months, days and microseconds, each with its own sign.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct DuckDbInterval(int Months, int Days, long Micros);
