using System.Text;
using System.Text.Unicode;

namespace Tidemill.Server.Api;

/// <summary>A key or value for people: its bytes, and its text when they are valid UTF-8.</summary>
public sealed record BytesView(int Length, string? Text, string Base64)
{
    internal static BytesView? Of(byte[]? bytes) => bytes is null ? null : Of(bytes.AsSpan());

    internal static BytesView Of(ReadOnlySpan<byte> bytes) =>
        new(bytes.Length, Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : null, Convert.ToBase64String(bytes));
}
