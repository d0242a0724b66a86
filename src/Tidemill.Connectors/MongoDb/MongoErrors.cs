using System.Text;
using Tidemill.Connectors.MongoDb.Native;
using Tidemill.Core.Documents;
using Tidemill.Core.Documents.Bson;
using Tidemill.Core.Errors;

namespace Tidemill.Connectors.MongoDb;

/// <summary>The driver's and the server's errors as <see cref="ErrorCode"/>s; the server's code stands in the message.</summary>
internal static class MongoErrors
{
    public const int NamespaceExists = 48;
    public const int DuplicateKey = 11000;

    // libmongoc's error domains with error API version 2.
    private const uint ClientDomain = 1;
    private const uint StreamDomain = 2;
    private const uint ProtocolDomain = 3;
    private const uint ServerSelectionDomain = 13;
    private const uint ServerSelectionDomainOf1X = 15;
    private const uint WriteConcernDomain = 16;
    private const uint ServerDomain = 17;
    private const uint AuthenticateCode = 11;

    public static TidemillException From(in BsonError error, ReadOnlySpan<byte> reply, string description)
    {
        var server = error.Domain is ServerDomain or WriteConcernDomain;
        var code = server ? OfServer((int)error.Code, HasLabel(reply, "TransientTransactionError"u8)) : OfDriver(error);
        var name = server ? $" ({CodeName(reply)}{error.Code})" : "";
        // What the server says of a value it refuses quotes the value.
        var message = code == ErrorCode.RowRejected ? Reason((int)error.Code, default) : error.Message;
        return new TidemillException(code, $"{description}: {message}{name}");
    }

    /// <summary>The entries of a write command's <c>writeErrors</c>, their positions moved by <paramref name="first"/>.</summary>
    public static void AddRefused(List<RefusedDocument> refused, ReadOnlySpan<byte> writeErrors, int first, string description)
    {
        var errors = new BsonReader(writeErrors);
        while (errors.Read())
        {
            var (index, code) = (0, 0);
            ReadOnlySpan<byte> keys = default;
            var error = new BsonReader(errors.Value);
            while (error.Read())
            {
                if (error.Name.SequenceEqual("index"u8))
                    index = (int)error.Whole();
                else if (error.Name.SequenceEqual("code"u8))
                    code = (int)error.Whole();
                else if (error.Name.SequenceEqual("keyPattern"u8))
                    keys = error.Value;
            }

            if (OfServer(code, transient: false) is var meaning
                && (code is 257 or 290 || meaning is not (ErrorCode.RowRejected or ErrorCode.InvalidRequest)))
            {
                throw new TidemillException(meaning, $"{description}: a write failed (code {code}).");
            }

            refused.Add(new RefusedDocument(first + index, code, Reason(code, keys)));
        }
    }

    /// <summary>What a code means for the work that met it.</summary>
    public static ErrorCode OfServer(int code, bool transient) => code switch
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

    private static ErrorCode OfDriver(in BsonError error) => error.Domain switch
    {
        ClientDomain when error.Code == AuthenticateCode => ErrorCode.AccessDenied,
        _ when Says(error, "authentication failed") || Says(error, "certificate verify failed") => ErrorCode.AccessDenied,
        ClientDomain or StreamDomain or ProtocolDomain or ServerSelectionDomain or ServerSelectionDomainOf1X => ErrorCode.Unavailable,
        _ => ErrorCode.InvalidRequest,
    };

    private static string Reason(int code, ReadOnlySpan<byte> keys) => code switch
    {
        DuplicateKey or 11001 => $"another document has the same {Names(keys)}, which a unique index forbids (code {code})",
        121 => $"the collection's validation refuses it (code {code})",
        10334 or 17419 or 17420 => $"it is larger than the 16 MiB that MongoDB takes (code {code})",
        171 => $"two arrays lie under one index (code {code})",
        17280 => $"an indexed value is too long (code {code})",
        257 or 290 => $"the batch is too large for one transaction (code {code})",
        _ => $"MongoDB refuses a value or a name in it (code {code})",
    };

    private static string Names(ReadOnlySpan<byte> keys)
    {
        if (keys.IsEmpty)
            return "indexed fields";

        var names = new List<string>();
        var reader = new BsonReader(keys);
        while (reader.Read())
            names.Add(Encoding.UTF8.GetString(reader.Name));

        return string.Join(", ", names);
    }

    private static string CodeName(ReadOnlySpan<byte> reply)
    {
        if (reply.IsEmpty)
            return "code ";

        var reader = new BsonReader(reply);
        return reader.Find("codeName"u8) && reader.Type == BsonType.Text ? $"{Encoding.UTF8.GetString(reader.Text())}, code " : "code ";
    }

    private static bool HasLabel(ReadOnlySpan<byte> reply, ReadOnlySpan<byte> label)
    {
        if (reply.IsEmpty)
            return false;

        var reader = new BsonReader(reply);
        if (!reader.Find("errorLabels"u8) || reader.Type != BsonType.Array)
            return false;

        var labels = new BsonReader(reader.Value);
        while (labels.Read())
        {
            if (labels.Text().SequenceEqual(label))
                return true;
        }

        return false;
    }

    private static bool Says(in BsonError error, string words) => error.Message.Contains(words, StringComparison.OrdinalIgnoreCase);
}
