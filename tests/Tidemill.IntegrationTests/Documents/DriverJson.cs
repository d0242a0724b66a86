using System.Runtime.InteropServices;
using System.Text;

namespace Tidemill.IntegrationTests.Documents;

/// <summary>Extended JSON as libbson reads and writes it: the oracle for ours.</summary>
internal static unsafe partial class DriverJson
{
    private const string Library = "libbson-1.0.so.0";

    public static byte[] Parse(string json)
    {
        var text = Encoding.UTF8.GetBytes(json);
        var error = stackalloc byte[512];
        var bson = bson_new_from_json(text, text.Length, error);
        Assert.NotEqual(0, bson);
        var data = (byte*)bson_get_data(bson);
        var bytes = new ReadOnlySpan<byte>(data, *(int*)data).ToArray();
        bson_destroy(bson);
        return bytes;
    }

    public static string Write(byte[] document)
    {
        var bson = bson_new_from_data(document, (nuint)document.Length);
        Assert.NotEqual(0, bson);
        var text = bson_as_canonical_extended_json(bson, out _);
        var json = Marshal.PtrToStringUTF8(text)!;
        bson_free(text);
        bson_destroy(bson);
        return json;
    }

    [LibraryImport(Library)]
    private static partial nint bson_new_from_json(byte[] json, nint length, byte* error);
    [LibraryImport(Library)]
    private static partial nint bson_new_from_data(byte[] data, nuint length);
    [LibraryImport(Library)]
    private static partial nint bson_get_data(nint bson);
    [LibraryImport(Library)]
    private static partial nint bson_as_canonical_extended_json(nint bson, out nuint length);
    [LibraryImport(Library)]
    private static partial void bson_destroy(nint bson);
    [LibraryImport(Library)]
    private static partial void bson_free(nint memory);
}
