using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Tidemill.Connectors.Cells;

/// <summary>Which contents a store refused last, and why; by their hash, so that no document is kept.</summary>
internal sealed class RefusedContents
{
    private readonly Dictionary<UInt128, string> _reasons = [];

    public int Count => _reasons.Count;

    public void Add(ReadOnlySpan<byte> content, string reason) => _reasons[Hash(content)] = reason;

    /// <summary>Why the content was refused; null when it was not.</summary>
    public string? Reason(ReadOnlySpan<byte> content) => _reasons.Count == 0 ? null : _reasons.GetValueOrDefault(Hash(content));

    public void Clear() => _reasons.Clear();

    private static UInt128 Hash(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(content, hash);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }
}
