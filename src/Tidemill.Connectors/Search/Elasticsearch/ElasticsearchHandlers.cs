using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;

namespace Tidemill.Connectors.Search.Elasticsearch;

/// <summary>The transport of a connection: pooled, compressed answers, and the authority that certificates must come from.</summary>
internal static class ElasticsearchHandlers
{
    /// <summary>ConfigurationInvalid: the authority's file cannot be read.</summary>
    public static SocketsHttpHandler Create(SearchConnection connection)
    {
        var handler = new SocketsHttpHandler
        {
            AutomaticDecompression = DecompressionMethods.GZip,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),
            UseCookies = false,
            UseProxy = false,
        };
        if (connection.Ca is { } file)
        {
            var authorities = Load(file);
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
                IsSigned(certificate, errors, authorities);
        }

        return handler;
    }

    private static X509Certificate2Collection Load(string file)
    {
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(file);
            return authorities.Count > 0 ? authorities : throw new CryptographicException("It holds no certificate.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new TidemillException(
                ErrorCode.ConfigurationInvalid, $"search.ca: {file} cannot be read as a PEM file. {error.Message}", error);
        }
    }

    /// <summary>The name and the dates must be right as ever; only where trust ends is the authority's file.</summary>
    private static bool IsSigned(X509Certificate? certificate, SslPolicyErrors errors, X509Certificate2Collection authorities)
    {
        if (certificate is not X509Certificate2 presented || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != 0)
            return false;

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        return chain.Build(presented);
    }
}
