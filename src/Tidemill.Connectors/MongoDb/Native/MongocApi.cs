using System.Runtime.InteropServices;

namespace Tidemill.Connectors.MongoDb.Native;

/// <summary>
/// The few functions of libmongoc and libbson 1.x in use, one to one. bson_t arguments are <see cref="NativeBson"/>.
/// Handles are released in reverse order of taking; a client belongs to one thread at a time.
/// </summary>
internal static partial class MongocApi
{
    private const string Mongoc = MongoLibrary.Mongoc;

    [LibraryImport(Mongoc)]
    public static partial void mongoc_init();
    [LibraryImport(Mongoc)]
    public static partial nint mongoc_get_version();
    [LibraryImport(Mongoc)]
    public static partial void mongoc_log_set_handler(nint handler, nint data);

    [LibraryImport(Mongoc, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint mongoc_uri_new_with_error(string uri, ref BsonError error);
    [LibraryImport(Mongoc)]
    public static partial void mongoc_uri_destroy(nint uri);
    [LibraryImport(Mongoc)]
    public static partial nint mongoc_uri_get_database(nint uri);

    [LibraryImport(Mongoc)]
    public static partial PoolHandle mongoc_client_pool_new_with_error(nint uri, ref BsonError error);
    [LibraryImport(Mongoc)]
    public static partial void mongoc_client_pool_destroy(nint pool);
    [LibraryImport(Mongoc)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool mongoc_client_pool_set_error_api(PoolHandle pool, int version);
    [LibraryImport(Mongoc, StringMarshalling = StringMarshalling.Utf8)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool mongoc_client_pool_set_appname(PoolHandle pool, string name);
    [LibraryImport(Mongoc)]
    public static partial nint mongoc_client_pool_pop(PoolHandle pool);
    [LibraryImport(Mongoc)]
    public static partial void mongoc_client_pool_push(PoolHandle pool, nint client);

    [LibraryImport(Mongoc, StringMarshalling = StringMarshalling.Utf8)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static unsafe partial bool mongoc_client_read_command_with_opts(
        nint client, string database, void* command, nint preference, void* options, void* reply, ref BsonError error);
    [LibraryImport(Mongoc, StringMarshalling = StringMarshalling.Utf8)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static unsafe partial bool mongoc_client_write_command_with_opts(
        nint client, string database, void* command, void* options, void* reply, ref BsonError error);

    [LibraryImport(Mongoc, StringMarshalling = StringMarshalling.Utf8)]
    public static partial CollectionHandle mongoc_client_get_collection(nint client, string database, string collection);
    [LibraryImport(Mongoc)]
    public static partial void mongoc_collection_destroy(nint collection);
    [LibraryImport(Mongoc)]
    public static unsafe partial CursorHandle mongoc_collection_find_with_opts(
        CollectionHandle collection, void* filter, void* options, nint preference);
    [LibraryImport(Mongoc)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static unsafe partial bool mongoc_cursor_next(CursorHandle cursor, void** document);
    [LibraryImport(Mongoc)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static unsafe partial bool mongoc_cursor_error_document(CursorHandle cursor, ref BsonError error, void** reply);
    [LibraryImport(Mongoc)]
    public static partial void mongoc_cursor_destroy(nint cursor);

    [LibraryImport(Mongoc)]
    public static partial SessionHandle mongoc_client_start_session(nint client, nint options, ref BsonError error);
    [LibraryImport(Mongoc)]
    public static partial void mongoc_client_session_destroy(nint session);
    [LibraryImport(Mongoc)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static unsafe partial bool mongoc_client_session_append(SessionHandle session, void* options, ref BsonError error);
    [LibraryImport(Mongoc)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool mongoc_client_session_start_transaction(SessionHandle session, nint options, ref BsonError error);
    [LibraryImport(Mongoc)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static unsafe partial bool mongoc_client_session_commit_transaction(SessionHandle session, void* reply, ref BsonError error);
    [LibraryImport(Mongoc)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool mongoc_client_session_abort_transaction(SessionHandle session, ref BsonError error);

    [LibraryImport(MongoLibrary.Bson)]
    public static unsafe partial void bson_init(void* bson);
    [LibraryImport(MongoLibrary.Bson)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static unsafe partial bool bson_init_static(void* bson, byte* data, nuint length);
    [LibraryImport(MongoLibrary.Bson)]
    public static unsafe partial byte* bson_get_data(void* bson);
    [LibraryImport(MongoLibrary.Bson)]
    public static unsafe partial void bson_destroy(void* bson);
}

/// <summary>bson_error_t: <c>u32 domain | u32 code | char message[504]</c>.</summary>
internal unsafe struct BsonError
{
    public uint Domain;
    public uint Code;
    private fixed byte _message[504];

    public string Message
    {
        get
        {
            // SAFETY: the driver ends the text with NUL inside the array.
            fixed (byte* text = _message)
                return Marshal.PtrToStringUTF8((nint)text) ?? "";
        }
    }
}
