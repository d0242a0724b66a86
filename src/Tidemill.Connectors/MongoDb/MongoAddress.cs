using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MongoDB.Driver;
using Tidemill.Connectors.Tls;
using Tidemill.Core.Errors;

namespace Tidemill.Connectors.MongoDb;

/// <summary>
/// A connection string, with the settings that Tidemill relies on put in where the user gave none, and the options that name files,
/// which the driver leaves to the application.
/// </summary>
/// <param name="Settings">For the driver; holds secrets.</param>
/// <param name="Hosts">For messages.</param>
/// <param name="Database">The one that the string names; null when it names none.</param>
internal sealed record MongoAddress(MongoClientSettings Settings, string Hosts, string? Database)
{
    private const string CaFile = "tlsCAFile";
    private const string KeyFile = "tlsCertificateKeyFile";
    private const string KeyPassword = "tlsCertificateKeyFilePassword";

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

    private static readonly HashSet<string> Files = new([CaFile, KeyFile, KeyPassword], StringComparer.OrdinalIgnoreCase);

    /// <summary>Known to other drivers, and silently without effect in this one.</summary>
    private static readonly string[] Refused = ["tlsAllowInvalidCertificates", "tlsAllowInvalidHostnames", "tlsCRLFile"];

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
        var place = question < 0 ? rest : rest[..question];
        var slash = place.IndexOf('/', place.LastIndexOf('@') + 1);
        var hosts = (slash < 0 ? place : place[..slash])[(place.LastIndexOf('@') + 1)..];
        var given = Options(question < 0 ? "" : rest[(question + 1)..]);
        var options = given.Where(option => !Files.Contains(option.Key))
            .Select(option => $"{option.Key}={option.Value}")
            .Concat(Defaults.Where(option => !given.ContainsKey(option.Name)).Select(option => $"{option.Name}={option.Value}"));
        if (Refused.FirstOrDefault(given.ContainsKey) is { } refused)
        {
            throw new TidemillException(
                ErrorCode.InvalidRequest, $"The documents' uri for {hosts}: {refused} is not supported; use {CaFile}, or tlsInsecure.");
        }

        try
        {
            var url = MongoUrl.Create($"{scheme}{place}{(slash < 0 ? "/" : "")}?{string.Join('&', options)}");
            var settings = MongoClientSettings.FromUrl(url);
            AddFiles(settings, given);
            return new MongoAddress(settings, hosts, url.DatabaseName);
        }
        catch (Exception error) when (error is MongoException or ArgumentException or FormatException or TimeoutException)
        {
            throw new TidemillException(
                ErrorCode.InvalidRequest, $"The documents' uri for {hosts} is no MongoDB connection string: {WithoutQuote(error.Message)}");
        }
    }

    private static Dictionary<string, string> Options(string query)
    {
        var options = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var option in query.Split(['&', ';'], StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = option.Split('=', 2) is [var left, var right] ? (left, right) : (option, "");
            // readPreferenceTags may stand several times.
            options[name] = options.TryGetValue(name, out var before) ? $"{before}&{name}={value}" : value;
        }

        return options;
    }

    private static void AddFiles(MongoClientSettings settings, Dictionary<string, string> options)
    {
        if (options.TryGetValue(CaFile, out var authority))
        {
            settings.SslSettings = settings.SslSettings.Clone();
            settings.SslSettings.ServerCertificateValidationCallback =
                CertificateAuthority.Load(Uri.UnescapeDataString(authority), CaFile).IsSigned;
        }

        if (options.TryGetValue(KeyFile, out var key))
        {
            settings.SslSettings = settings.SslSettings.Clone();
            settings.SslSettings.ClientCertificates = [Certificate(Uri.UnescapeDataString(key), options.GetValueOrDefault(KeyPassword))];
        }
    }

    private static X509Certificate2 Certificate(string file, string? password)
    {
        try
        {
            return password is null
                ? X509Certificate2.CreateFromPemFile(file)
                : X509Certificate2.CreateFromEncryptedPemFile(file, Uri.UnescapeDataString(password));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new TidemillException(
                ErrorCode.ConfigurationInvalid, $"{KeyFile}: {file} cannot be read as a certificate with its key. {error.Message}", error);
        }
    }

    /// <summary>What the driver quotes is the connection string.</summary>
    private static string WithoutQuote(string message)
    {
        var (first, last) = (message.IndexOf('\'', StringComparison.Ordinal), message.LastIndexOf('\''));
        return first < last ? $"{message[..first].TrimEnd()} ...{message[(last + 1)..]}" : message;
    }
}
