using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tidemill.Streaming.Decoding;

/// <summary>
/// RFC 8259's grammar over raw bytes, in one pass and without recursion. Every method reads from p up to, never at or
/// past, end; it returns the position behind what it read, or null with the failure set.
/// </summary>
// SAFETY: p and end delimit memory that the caller keeps pinned or owned for the call; each read is checked against end.
internal static unsafe class JsonScanner
{
    /// <summary>Objects and arrays inside each other, the root object included.</summary>
    public const int MaxDepth = 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* SkipWhitespace(byte* p, byte* end) => p < end && *p > ' ' ? p : SkipWhitespaceRun(p, end);

    /// <summary>From behind the opening quote to the closing quote; the text between is valid UTF-8 with valid escapes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* StringEnd(byte* p, byte* end, out bool escaped, ref ScanFailure failure)
    {
        var start = p;
        escaped = false;
        while (end - p >= Vector128<byte>.Count)
        {
            var bytes = Vector128.Load(p);

            // Compared as signed, bytes below 0x20 are the control characters and everything that is not ASCII.
            var stops = (Vector128.Equals(bytes, Vector128.Create((byte)'"'))
                | Vector128.Equals(bytes, Vector128.Create((byte)'\\'))
                | Vector128.LessThan(bytes.AsSByte(), Vector128.Create((sbyte)0x20)).AsByte()).ExtractMostSignificantBits();
            if (stops != 0)
            {
                p += BitOperations.TrailingZeroCount(stops);
                return *p == '"' ? p : JsonStrings.End(start, p, end, out escaped, ref failure);
            }

            p += Vector128<byte>.Count;
        }

        while (p < end && *p != '"' && *p != '\\' && (sbyte)*p >= 0x20)
            p++;

        return p < end && *p == '"' ? p : JsonStrings.End(start, p, end, out escaped, ref failure);
    }

    /// <summary>Skips whitespace, a colon and whitespace.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* Colon(byte* p, byte* end, ref ScanFailure failure)
    {
        p = SkipWhitespace(p, end);
        if (p >= end || *p != ':')
            return Unexpected(p, end, ref failure);

        return SkipWhitespace(p + 1, end);
    }

    /// <summary>One of true, false and null.</summary>
    public static byte* Literal(byte* p, byte* end, ReadOnlySpan<byte> word, ref ScanFailure failure)
    {
        var i = 0;
        while (i < word.Length && p + i < end && p[i] == word[i])
            i++;

        return i == word.Length ? p + i : Unexpected(p + i, end, ref failure);
    }

    /// <summary>Skips any value that starts at p, checking it. <paramref name="depth"/>: containers already open.</summary>
    public static byte* SkipValue(byte* p, byte* end, int depth, ref ScanFailure failure)
    {
        // One bit for each container opened here, the innermost lowest: 1 is an object.
        var objects = 0UL;
        var opened = 0;
        while (true)
        {
            if (p < end && (*p == '{' || *p == '['))
            {
                if (depth + ++opened > MaxDepth)
                    return failure.Set(DecodeReason.TooDeep, p);

                var isObject = *p == '{';
                objects = (objects << 1) | (isObject ? 1UL : 0UL);
                p = SkipWhitespace(p + 1, end);
                if (p >= end || *p != (isObject ? '}' : ']'))
                {
                    p = isObject ? SkipName(p, end, ref failure) : p;
                    if (p == null)
                        return null;

                    continue;
                }
            }
            else
            {
                p = SkipScalar(p, end, ref failure);
                if (p == null || opened == 0)
                    return p;

                p = SkipWhitespace(p, end);
            }

            p = CloseContainers(p, end, ref objects, ref opened, ref failure);
            if (p == null || opened == 0)
                return p;
        }
    }

    /// <summary>The failure for a byte that the grammar does not allow here, or for the end of the bytes.</summary>
    public static byte* Unexpected(byte* p, byte* end, ref ScanFailure failure) =>
        failure.Set(p >= end ? DecodeReason.Truncated : DecodeReason.InvalidJson, p);

    /// <summary>Skips closing brackets, then the comma and name before the next value; opened is 0 when all are closed.</summary>
    private static byte* CloseContainers(byte* p, byte* end, ref ulong objects, ref int opened, ref ScanFailure failure)
    {
        while (true)
        {
            var isObject = (objects & 1) != 0;
            if (p < end && *p == ',')
            {
                p = SkipWhitespace(p + 1, end);
                return isObject ? SkipName(p, end, ref failure) : p;
            }

            if (p >= end || *p != (isObject ? '}' : ']'))
                return Unexpected(p, end, ref failure);

            p++;
            objects >>= 1;
            if (--opened == 0)
                return p;

            p = SkipWhitespace(p, end);
        }
    }

    private static byte* SkipName(byte* p, byte* end, ref ScanFailure failure)
    {
        if (p >= end || *p != '"')
            return Unexpected(p, end, ref failure);

        p = StringEnd(p + 1, end, out _, ref failure);
        return p == null ? null : Colon(p + 1, end, ref failure);
    }

    private static byte* SkipScalar(byte* p, byte* end, ref ScanFailure failure)
    {
        if (p >= end)
            return failure.Set(DecodeReason.Truncated, p);

        switch (*p)
        {
            case (byte)'"':
                p = StringEnd(p + 1, end, out _, ref failure);
                return p == null ? null : p + 1;
            case (byte)'t':
                return Literal(p, end, "true"u8, ref failure);
            case (byte)'f':
                return Literal(p, end, "false"u8, ref failure);
            case (byte)'n':
                return Literal(p, end, "null"u8, ref failure);
            default:
                return JsonNumber.Scan(p, end, out _, ref failure);
        }
    }

    private static byte* SkipWhitespaceRun(byte* p, byte* end)
    {
        while (p < end && *p is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
            p++;

        return p;
    }
}
