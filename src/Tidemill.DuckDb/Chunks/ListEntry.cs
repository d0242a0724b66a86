using System.Runtime.InteropServices;

namespace Tidemill.DuckDb;

/// <summary>A cell of LIST or MAP: where the row's elements stand in the child vector.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct ListEntry(ulong Offset, ulong Length);
