using System.Runtime.InteropServices;
using static System.Buffers.Binary.BinaryPrimitives;

namespace Tidemill.Connectors.MongoDb.Native;

/// <summary>A bson_t of our own: 128 bytes, aligned as libbson demands, over memory that it or we own.</summary>
internal sealed unsafe class NativeBson : IDisposable
{
    private const int Size = 128;

    private void* _bson = NativeMemory.AlignedAlloc(Size, Size);

    private NativeBson()
    {
    }

    /// <summary>For the argument of a native call, while this object is alive.</summary>
    public void* Pointer => _bson;

    /// <summary>An empty document that the driver fills; for replies, which the driver initialises itself, too.</summary>
    public static NativeBson Empty()
    {
        var bson = new NativeBson();
        MongocApi.bson_init(bson._bson);
        return bson;
    }

    /// <summary>A view of a document in pinned memory, which must outlive the view.</summary>
    public static NativeBson View(byte* document, int length)
    {
        var bson = new NativeBson();
        if (!MongocApi.bson_init_static(bson._bson, document, (nuint)length))
        {
            bson.Dispose();
            throw new InvalidOperationException("The command is no BSON.");
        }

        return bson;
    }

    /// <summary>The document's bytes, valid until this object is disposed or changed.</summary>
    public ReadOnlySpan<byte> Bytes => BytesOf(_bson);

    /// <summary>The bytes of a bson_t that the driver owns, valid as long as that is.</summary>
    public static ReadOnlySpan<byte> BytesOf(void* bson)
    {
        // SAFETY: libbson keeps at least five bytes there, beginning with the document's length.
        var data = MongocApi.bson_get_data(bson);
        return new ReadOnlySpan<byte>(data, ReadInt32LittleEndian(new ReadOnlySpan<byte>(data, 4)));
    }

    public void Dispose()
    {
        if (_bson is null)
            return;

        MongocApi.bson_destroy(_bson);
        NativeMemory.AlignedFree(_bson);
        _bson = null;
    }
}
