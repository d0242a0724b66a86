using System.Runtime.InteropServices;
using Tidemill.Connectors.MongoDb.Native;
using Tidemill.Core.Documents.Bson;
using Tidemill.Core.Errors;

namespace Tidemill.Connectors.MongoDb;

/// <summary>Connections to one database, pooled by the driver. A failure closes what is broken; the next use connects anew.</summary>
internal sealed class MongoClients : IDisposable
{
    private readonly PoolHandle _pool;

    private MongoClients(PoolHandle pool, string database, string description)
    {
        _pool = pool;
        Database = database;
        Description = description;
    }

    public string Database { get; }

    public string Description { get; }

    /// <summary>Connects to nothing yet. NativeLibraryMissing; InvalidRequest when the URI is none or names no database.</summary>
    public static MongoClients Open(string uri, string? database)
    {
        MongoLibrary.EnsureLoaded();
        var address = MongoAddress.Parse(uri);
        var error = default(BsonError);
        var parsed = MongocApi.mongoc_uri_new_with_error(address.Uri, ref error);
        if (parsed == 0)
        {
            throw new TidemillException(
                ErrorCode.InvalidRequest,
                $"The documents' uri for {address.Hosts} is no MongoDB connection string: {WithoutUri(error.Message, address)}");
        }

        try
        {
            database ??= Marshal.PtrToStringUTF8(MongocApi.mongoc_uri_get_database(parsed));
            if (string.IsNullOrEmpty(database))
            {
                throw new TidemillException(
                    ErrorCode.InvalidRequest, $"Nothing names the database at {address.Hosts}; write `database: NAME` beside the uri.");
            }

            var pool = MongocApi.mongoc_client_pool_new_with_error(parsed, ref error);
            if (pool.IsInvalid)
            {
                throw new TidemillException(
                    ErrorCode.InvalidRequest,
                    $"The documents' uri for {address.Hosts} cannot be used: {WithoutUri(error.Message, address)}");
            }

            MongocApi.mongoc_client_pool_set_error_api(pool, 2);
            return new MongoClients(pool, database, $"MongoDB database {database} at {address.Hosts}");
        }
        finally
        {
            MongocApi.mongoc_uri_destroy(parsed);
        }
    }

    /// <summary>Runs blocking work with one client, on the pool of threads. Once begun it is not abandoned: the work owns its
    /// memory.</summary>
    public Task<T> RunAsync<T>(Func<MongoClient, T> work, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            var client = MongocApi.mongoc_client_pool_pop(_pool);
            try
            {
                return work(new MongoClient(client, this));
            }
            finally
            {
                MongocApi.mongoc_client_pool_push(_pool, client);
            }
        },
        cancellationToken);

    public void Dispose() => _pool.Dispose();

    private static string WithoutUri(string message, MongoAddress address) =>
        message.Replace(address.Uri, "the uri", StringComparison.Ordinal);
}

/// <summary>A client taken from the pool, for one thread until it goes back.</summary>
internal readonly unsafe struct MongoClient(nint client, MongoClients clients)
{
    /// <summary>Runs a command and gives its reply to <paramref name="read"/>; throws when the server refuses it.</summary>
    public T Command<T>(BsonWriter command, Func<ReadOnlyMemory<byte>, T> read, bool write = false, MongoTransaction? transaction = null)
    {
        using var options = transaction is null ? null : transaction.Options();
        using var reply = NativeBson.Empty();
        var error = default(BsonError);
        bool done;
        // SAFETY: the command stays pinned while the driver reads it, which it does not do after the call.
        fixed (byte* bytes = command.Written.Span)
        {
            using var view = NativeBson.View(bytes, command.Length);
            var chosen = options is null ? null : options.Pointer;
            done = write
                ? MongocApi.mongoc_client_write_command_with_opts(client, clients.Database, view.Pointer, chosen, reply.Pointer, ref error)
                : MongocApi.mongoc_client_read_command_with_opts(
                    client, clients.Database, view.Pointer, 0, chosen, reply.Pointer, ref error);
        }

        return done ? read(reply.Bytes.ToArray()) : throw MongoErrors.From(error, reply.Bytes, clients.Description);
    }

    /// <summary>The documents of a find, copied.</summary>
    public List<byte[]> Find(string collection, BsonWriter filter, BsonWriter options, long maxBytes = long.MaxValue)
    {
        using var target = MongocApi.mongoc_client_get_collection(client, clients.Database, collection);
        // SAFETY: the driver copies filter and options when it makes the cursor.
        fixed (byte* filterBytes = filter.Written.Span, optionBytes = options.Written.Span)
        {
            using var filterView = NativeBson.View(filterBytes, filter.Length);
            using var optionView = NativeBson.View(optionBytes, options.Length);
            using var cursor = MongocApi.mongoc_collection_find_with_opts(target, filterView.Pointer, optionView.Pointer, 0);
            return Drain(cursor, maxBytes);
        }
    }

    /// <summary>Begins a transaction. The caller disposes it, which gives it up unless it was committed.</summary>
    public MongoTransaction Begin()
    {
        var error = default(BsonError);
        var session = MongocApi.mongoc_client_start_session(client, 0, ref error);
        if (!session.IsInvalid && MongocApi.mongoc_client_session_start_transaction(session, 0, ref error))
            return new MongoTransaction(session, clients.Description);

        session.Dispose();
        throw MongoErrors.From(error, default, clients.Description);
    }

    private List<byte[]> Drain(CursorHandle cursor, long maxBytes)
    {
        var documents = new List<byte[]>();
        void* document;
        while (maxBytes > 0 && MongocApi.mongoc_cursor_next(cursor, &document))
        {
            documents.Add(NativeBson.BytesOf(document).ToArray());
            maxBytes -= documents[^1].Length;
        }

        var error = default(BsonError);
        void* reply;
        return MongocApi.mongoc_cursor_error_document(cursor, ref error, &reply)
            ? throw MongoErrors.From(error, reply is null ? default : NativeBson.BytesOf(reply), clients.Description)
            : documents;
    }
}

/// <summary>A transaction under way on one client's session.</summary>
internal sealed unsafe class MongoTransaction(SessionHandle session, string description) : IDisposable
{
    /// <summary>Options that put a command into the transaction.</summary>
    public NativeBson Options()
    {
        var options = NativeBson.Empty();
        var error = default(BsonError);
        if (MongocApi.mongoc_client_session_append(session, options.Pointer, ref error))
            return options;

        options.Dispose();
        throw MongoErrors.From(error, default, description);
    }

    /// <summary>Durable on return. After Unavailable it may have happened or not.</summary>
    public void Commit()
    {
        using var reply = NativeBson.Empty();
        var error = default(BsonError);
        if (!MongocApi.mongoc_client_session_commit_transaction(session, reply.Pointer, ref error))
            throw MongoErrors.From(error, reply.Bytes, description);
    }

    public void Dispose() => session.Dispose();
}
