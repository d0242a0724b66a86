using System.Runtime.InteropServices;

namespace Tidemill.Tests.Streaming.Decoding;

/// <summary>
/// Memory whose first byte past the end cannot be read: on Linux a page without rights follows, so that a read past the
/// end kills the test run. Elsewhere it is plain memory.
/// </summary>
internal sealed unsafe partial class GuardedMemory : IDisposable
{
    private const int PageBytes = 4096;
    private const int ReadWrite = 3;
    private const int PrivateAnonymous = 0x22;
    private readonly nint start;
    private readonly int capacity;

    public GuardedMemory(int bytes)
    {
        capacity = (bytes + PageBytes - 1) / PageBytes * PageBytes;
        if (!OperatingSystem.IsLinux())
        {
            start = (nint)NativeMemory.Alloc((nuint)capacity);
            return;
        }

        start = Map(0, (nuint)(capacity + PageBytes), ReadWrite, PrivateAnonymous, -1, 0);
        Assert.NotEqual(-1, start);
        Assert.Equal(0, Protect(start + capacity, PageBytes, 0));
    }

    /// <summary>Copies the bytes so that they end where the memory does.</summary>
    public byte* Place(ReadOnlySpan<byte> bytes)
    {
        var target = (byte*)start + capacity - bytes.Length;
        bytes.CopyTo(new Span<byte>(target, bytes.Length));
        return target;
    }

    public void Dispose()
    {
        if (OperatingSystem.IsLinux())
        {
            _ = Unmap(start, (nuint)(capacity + PageBytes));
        }
        else
        {
            NativeMemory.Free((void*)start);
        }
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nuint length);
}
