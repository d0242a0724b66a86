using System.Buffers.Binary;
using Tidemill.Log.Segments;
using Tidemill.Log.Storage;

namespace Tidemill.Log.Recovery;

/// <summary>
/// The offset below which every record of a partition is known to be on disk:
/// <c>u32 magic "TMD1" | u32 crc32c of the rest | i64 durable offset (LE)</c>.
/// Written after each fsync of the segment but flushed only on close: it survives a killed process, and after a power
/// cut an older value may come back, never a later one. Recovery refuses to truncate below it. Without it (or with a
/// damaged one) only the last batch, which no later batch speaks of, loses that protection.
/// </summary>
internal sealed class DurableMark : IDisposable
{
    public const string FileName = "durable.mark";

    private const uint Magic = 0x31444D54;
    private const int FileBytes = 16;

    private readonly IFile _file;
    private readonly byte[] _content = new byte[FileBytes];

    private DurableMark(IFile file) => this._file = file;

    public static DurableMark Open(IFileSystem files, string folder) =>
        new(files.Open(Path.Combine(folder, FileName), FileOpen.Write));

    /// <summary>The stored offset, or 0 when there is none to trust.</summary>
    public long Read()
    {
        Span<byte> stored = stackalloc byte[FileBytes];
        return _file.Read(stored, 0) == FileBytes
            && BinaryPrimitives.ReadUInt32LittleEndian(stored) == Magic
            && BinaryPrimitives.ReadUInt32LittleEndian(stored[4..]) == Crc32C.Compute(stored[8..])
                ? BinaryPrimitives.ReadInt64LittleEndian(stored[8..])
                : 0;
    }

    public void Write(long durableOffset)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_content, Magic);
        BinaryPrimitives.WriteInt64LittleEndian(_content.AsSpan(8), durableOffset);
        BinaryPrimitives.WriteUInt32LittleEndian(_content.AsSpan(4), Crc32C.Compute(_content.AsSpan(8)));
        _file.Write([_content], 0);
    }

    public void Flush() => _file.Flush();

    public void Dispose() => _file.Dispose();
}
