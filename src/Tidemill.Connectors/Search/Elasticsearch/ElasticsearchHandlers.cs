using System.Net;
using Tidemill.Connectors.Tls;
using Tidemill.Core.Configuration;

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
            handler.SslOptions.RemoteCertificateValidationCallback = CertificateAuthority.Load(file, "search.ca").IsSigned;

        return handler;
    }
}
