using System.Runtime.InteropServices;

namespace Tidemill.DuckDb.Native;

/// <summary>UTF-8 text that native code hands out, borrowed or to be freed.</summary>
internal static class NativeText
{
    /// <summary>Copies text that DuckDB keeps.</summary>
    public static string? Borrowed(nint text) => Marshal.PtrToStringUTF8(text);

    /// <summary>Copies text that DuckDB allocated for the caller and frees it.</summary>
    public static string? Taken(nint text)
    {
        if (text == 0) return null;
        var result = Marshal.PtrToStringUTF8(text);
        DuckDbApi.duckdb_free(text);
        return result;
    }

    /// <summary>A C string ends at its first NUL: the rest would be cut off without a word.</summary>
    public static void RejectNul(string text, string parameter)
    {
        if (text.Contains('\0', StringComparison.Ordinal))
            throw new ArgumentException("The text must not contain a NUL character.", parameter);
    }
}
