using Tidemill.Core.Errors;

namespace Tidemill.Connectors.MongoDb;

/// <summary>A connection string with the settings Tidemill relies on put in where the user gave none.</summary>
/// <param name="Uri">For the driver; holds secrets.</param>
/// <param name="Hosts">For messages.</param>
internal sealed record MongoAddress(string Uri, string Hosts)
{
    /// <summary>
    /// Writes are acknowledged when they are journaled by a majority; a server that is away is noticed in seconds, because
    /// the retries are the stream's own.
    /// </summary>
    private static readonly (string Name, string Value)[] Defaults =
    [
        ("serverSelectionTimeoutMS", "5000"),
        ("connectTimeoutMS", "5000"),
        ("socketTimeoutMS", "60000"),
        ("w", "majority"),
        ("journal", "true"),
        ("appname", "tidemill"),
    ];

    /// <summary>InvalidRequest when it is no MongoDB connection string; the message does not repeat it.</summary>
    public static MongoAddress Parse(string uri)
    {
        var scheme = uri.StartsWith("mongodb+srv://", StringComparison.Ordinal) ? "mongodb+srv://" : "mongodb://";
        if (!uri.StartsWith(scheme, StringComparison.Ordinal))
        {
            throw new TidemillException(
                ErrorCode.InvalidRequest,
                "The documents' uri is no MongoDB connection string; write mongodb://HOST:PORT/?OPTIONS or mongodb+srv://HOST/?OPTIONS.");
        }

        var rest = uri[scheme.Length..];
        var question = rest.IndexOf('?', StringComparison.Ordinal);
        var query = question < 0 ? "" : rest[(question + 1)..];
        var place = question < 0 ? rest : rest[..question];
        var slash = place.IndexOf('/', place.LastIndexOf('@') + 1);
        var hosts = slash < 0 ? place : place[..slash];
        var given = query.Split('&', ';').Select(option => option.Split('=')[0]).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var added = Defaults.Where(option => !given.Contains(option.Name)).Select(option => $"{option.Name}={option.Value}");
        var options = string.Join('&', query.Split('&', StringSplitOptions.RemoveEmptyEntries).Concat(added));
        return new MongoAddress($"{scheme}{place}{(slash < 0 ? "/" : "")}?{options}", hosts[(hosts.LastIndexOf('@') + 1)..]);
    }
}
