using System.Security.Authentication;
using MongoDB.Bson;
using MongoDB.Driver;
using Tidemill.Core.Documents;
using Tidemill.Core.Errors;

namespace Tidemill.Connectors.MongoDb;

/// <summary>The driver's and the server's errors as <see cref="ErrorCode"/>s; the server's code stands in the message.</summary>
internal static class MongoErrors
{
    public const int NamespaceExists = 48;

    private const int DuplicateKey = 11000;
    private const string TransientLabel = "TransientTransactionError";

    /// <summary>The error as ours; null when it is not the driver's.</summary>
    /// <param name="error">What the driver threw.</param>
    /// <param name="client">Knows why its servers cannot be reached.</param>
    /// <param name="description">The store, for messages.</param>
    public static TidemillException? From(Exception error, IMongoClient client, string description)
    {
        var (code, message) = error switch
        {
            MongoCommandException refused => OfCommand(refused),
            MongoWriteException { WriteError: { } write } => (OfServer(write.Code, IsTransient(error)), Reason(write.Code, [])),
            MongoWriteException { WriteConcernError: { } concern } => (OfServer(concern.Code, IsTransient(error)), concern.Message),
            MongoExecutionTimeoutException => (ErrorCode.TimedOut, error.Message),
            TimeoutException => OfSelection(client.Cluster.Description.Servers.Select(server => server.HeartbeatException)),
            MongoConnectionException or MongoConnectionPoolPausedException or MongoWaitQueueFullException or MongoInternalException
                or MongoClientException => (IsDenied(error) ? ErrorCode.AccessDenied : ErrorCode.Unavailable, Innermost(error)),
            MongoException => (IsTransient(error) ? ErrorCode.TransactionConflict : ErrorCode.InvalidRequest, error.Message),
            _ => default,
        };
        return message is null ? null : new TidemillException(code, $"{description}: {message}", error);
    }

    /// <summary>The documents that a write did not take by its reply, their positions moved by <paramref name="first"/>.</summary>
    /// <exception cref="TidemillException">The write failed for another reason than its documents.</exception>
    public static IEnumerable<RefusedDocument> Refused(BsonDocument reply, int first, string description)
    {
        if (reply.TryGetValue("writeConcernError", out var concern))
            throw Failed(concern["code"].ToInt32(), "the write was not confirmed");

        if (!reply.TryGetValue("writeErrors", out var errors))
            yield break;

        foreach (var error in errors.AsBsonArray.Cast<BsonDocument>())
        {
            var code = error["code"].ToInt32();
            if (code is 257 or 290 || OfServer(code, transient: false) is not (ErrorCode.RowRejected or ErrorCode.InvalidRequest))
                throw Failed(code, "a write failed");

            var fields = error.TryGetValue("keyPattern", out var keys) ? keys.AsBsonDocument.Names : [];
            yield return new RefusedDocument(first + error["index"].ToInt32(), code, Reason(code, fields));
        }

        TidemillException Failed(int code, string what) => new(OfServer(code, transient: false), $"{description}: {what} (code {code}).");
    }

    /// <summary>What a code means for the work that met it.</summary>
    private static ErrorCode OfServer(int code, bool transient) => code switch
    {
        11 or 13 or 18 or 31 or 33 or 8000 => ErrorCode.AccessDenied,
        24 or 46 or 112 or 117 or 225 or 244 or 246 or 251 or 256 or 267 => ErrorCode.TransactionConflict,
        50 => ErrorCode.TimedOut,
        14031 => ErrorCode.DiskFull,
        26 => ErrorCode.NotFound,
        6 or 7 or 64 or 89 or 91 or 100 or 133 or 134 or 175 or 189 or 202 or 262 or 317 or 358 or 9001
            or 10058 or 10107 or 11600 or 11601 or 11602 or 13435 or 13436 => ErrorCode.Unavailable,
        _ when transient => ErrorCode.TransactionConflict,
        // 257, 290: too much for one transaction; fewer records at once are tried next.
        2 or 9 or 14 or 52 or 54 or 55 or 56 or 57 or 66 or 121 or 146 or 168 or 171 or 257 or 290 or 10334 or 11000 or 11001
            or 12582 or 13111 or 15998 or 16755 or 16766 or 17280 or 17419 or 17420 or 22 => ErrorCode.RowRejected,
        _ => ErrorCode.InvalidRequest,
    };

    private static (ErrorCode Code, string Message) OfCommand(MongoCommandException error)
    {
        var code = OfServer(error.Code, IsTransient(error));
        // What the server says of a value it refuses quotes the value.
        var message = code == ErrorCode.RowRejected ? Reason(error.Code, []) : error.ErrorMessage;
        return (code, $"{message} ({(error.CodeName is { Length: > 0 } name ? $"{name}, " : "")}code {error.Code})");
    }

    private static (ErrorCode Code, string Message) OfSelection(IEnumerable<Exception?> heartbeats)
    {
        var failures = heartbeats.OfType<Exception>().ToList();
        return (
            failures.Any(IsDenied) ? ErrorCode.AccessDenied : ErrorCode.Unavailable,
            failures.Count > 0 ? Innermost(failures[0]) : "no server can be written to");
    }

    private static bool IsDenied(Exception error) =>
        Chain(error).Any(cause => cause is MongoAuthenticationException or AuthenticationException);

    private static bool IsTransient(Exception error) => error is MongoException labelled && labelled.HasErrorLabel(TransientLabel);

    private static string Innermost(Exception error) => Chain(error).Last().Message;

    private static IEnumerable<Exception> Chain(Exception? error)
    {
        for (; error is not null; error = error.InnerException)
            yield return error;
    }

    private static string Reason(int code, IEnumerable<string> fields) => code switch
    {
        DuplicateKey or 11001 => $"another document has the same {Names(fields)}, which a unique index forbids (code {code})",
        121 => $"the collection's validation refuses it (code {code})",
        10334 or 17419 or 17420 => $"it is larger than the 16 MiB that MongoDB takes (code {code})",
        171 => $"two arrays lie under one index (code {code})",
        17280 => $"an indexed value is too long (code {code})",
        257 or 290 => $"the batch is too large for one transaction (code {code})",
        _ => $"MongoDB refuses a value or a name in it (code {code})",
    };

    private static string Names(IEnumerable<string> fields) =>
        string.Join(", ", fields) is { Length: > 0 } names ? names : "indexed fields";
}
