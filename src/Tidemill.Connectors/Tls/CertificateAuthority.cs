using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tidemill.Core.Errors;

namespace Tidemill.Connectors.Tls;

/// <summary>Authorities of a PEM file that a server's certificate must come from, in place of the system's.</summary>
internal sealed class CertificateAuthority
{
    private readonly X509Certificate2Collection _authorities;

    private CertificateAuthority(X509Certificate2Collection authorities) => _authorities = authorities;

    /// <param name="file">The PEM file.</param>
    /// <param name="setting">What names it, for messages.</param>
    /// <exception cref="TidemillException">ConfigurationInvalid: the file cannot be read, or holds no certificate.</exception>
    public static CertificateAuthority Load(string file, string setting)
    {
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(file);
            return authorities.Count > 0
                ? new CertificateAuthority(authorities)
                : throw new CryptographicException("It holds no certificate.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new TidemillException(
                ErrorCode.ConfigurationInvalid, $"{setting}: {file} cannot be read as a PEM file. {error.Message}", error);
        }
    }

    /// <summary>A callback: the name and the dates must be right as ever; only where trust ends is the authority's file.</summary>
    public bool IsSigned(object sender, X509Certificate? certificate, X509Chain? presentedChain, SslPolicyErrors errors)
    {
        if (certificate is not X509Certificate2 presented || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != 0)
            return false;

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        return chain.Build(presented);
    }
}
