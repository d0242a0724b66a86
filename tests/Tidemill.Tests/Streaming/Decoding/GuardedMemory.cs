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
    private readonly nint _start;
    private readonly int _capacity;

    public GuardedMemory(int bytes)
    {
        _capacity = (bytes + PageBytes - 1) / PageBytes * PageBytes;
        if (!OperatingSystem.IsLinux())
        {
            _start = (nint)NativeMemory.Alloc((nuint)_capacity);
            return;
        }

        _start = Map(0, (nuint)(_capacity + PageBytes), ReadWrite, PrivateAnonymous, -1, 0);
        Assert.NotEqual(-1, _start);
        Assert.Equal(0, Protect(_start + _capacity, PageBytes, 0));
    }

    /// <summary>Copies the bytes so that they end where the memory does.</summary>
    public byte* Place(ReadOnlySpan<byte> bytes)
    {
        var target = (byte*)_start + _capacity - bytes.Length;
        bytes.CopyTo(new Span<byte>(target, bytes.Length));
        return target;
    }

    public void Dispose()
    {
        if (OperatingSystem.IsLinux())
            _ = Unmap(_start, (nuint)(_capacity + PageBytes));
        else
            NativeMemory.Free((void*)_start);
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nuint length);
}
