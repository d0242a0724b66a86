using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tidemill.Connectors.MongoDb;
using Tidemill.Core.Errors;

namespace Tidemill.Tests.Documents;

public sealed class MongoAddressTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-mongo-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_the_string_does_not_say_is_set_and_what_it_says_stays()
    {
        var plain = MongoAddress.Parse("mongodb://user:p%40ss@h1:1,h2:2/shop");
        Assert.Equal(("h1:1,h2:2", "shop"), (plain.Hosts, plain.Database));
        Assert.Equal(TimeSpan.FromSeconds(5), plain.Settings.ServerSelectionTimeout);
        Assert.Equal((true, "majority"), (plain.Settings.WriteConcern.Journal, plain.Settings.WriteConcern.W.ToString()));
        Assert.Equal("user", plain.Settings.Credential.Username);

        var own = MongoAddress.Parse(
            "mongodb://h/?ServerSelectionTimeoutMS=1234&w=1&journal=false&readPreference=nearest&readPreferenceTags=dc:a"
                + "&readPreferenceTags=dc:b");
        Assert.Null(own.Database);
        Assert.Equal(TimeSpan.FromMilliseconds(1234), own.Settings.ServerSelectionTimeout);
        Assert.Equal((false, "1"), (own.Settings.WriteConcern.Journal, own.Settings.WriteConcern.W.ToString()));
        Assert.Equal(2, own.Settings.ReadPreference.TagSets.Count);
    }

    [Fact]
    public void Certificates_that_the_string_names_are_loaded()
    {
        using var authority = Authority("CN=our authority");
        using var stranger = Authority("CN=another");
        File.WriteAllText(Path.Combine(_folder, "ca.pem"), authority.ExportCertificatePem());
        using var client = Signed(authority, "CN=client");
        File.WriteAllText(
            Path.Combine(_folder, "client.pem"),
            $"{client.ExportCertificatePem()}\n{client.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem()}\n");

        var settings = MongoAddress.Parse(
            $"mongodb://h/?tls=true&tlsCAFile={_folder}/ca.pem&tlscertificatekeyfile={_folder}/client.pem").Settings;
        Assert.True(settings.UseTls);
        Assert.True(Assert.IsType<X509Certificate2>(Assert.Single(settings.SslSettings.ClientCertificates)).HasPrivateKey);
        var accepts = settings.SslSettings.ServerCertificateValidationCallback;
        using var server = Signed(authority, "CN=server");
        using var other = Signed(stranger, "CN=server");
        Assert.True(accepts(this, server, null, SslPolicyErrors.RemoteCertificateChainErrors));
        Assert.False(accepts(this, other, null, SslPolicyErrors.RemoteCertificateChainErrors));
        Assert.False(accepts(this, server, null, SslPolicyErrors.RemoteCertificateNameMismatch));
    }

    [Theory]
    [InlineData("mongodb://user:secret@h/?tlsCAFile=/nowhere/ca.pem", ErrorCode.ConfigurationInvalid, "/nowhere/ca.pem")]
    [InlineData("mongodb://user:secret@h/?tlsCertificateKeyFile=/nowhere/c.pem", ErrorCode.ConfigurationInvalid, "/nowhere/c.pem")]
    [InlineData("mongodb://user:secret@h/?tlsAllowInvalidCertificates=true", ErrorCode.InvalidRequest, "tlsAllowInvalidCertificates")]
    [InlineData("mongodb://user:secret@h:99999999/", ErrorCode.InvalidRequest, "h:99999999")]
    public void What_cannot_be_used_is_said_without_the_secret(string uri, ErrorCode code, string says)
    {
        var error = Assert.Throws<TidemillException>(() => MongoAddress.Parse(uri));
        Assert.Equal(code, error.Code);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    private static X509Certificate2 Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
    }

    private static X509Certificate2 Signed(X509Certificate2 authority, string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        using var signed = request.Create(authority, now.AddHours(-1), now.AddHours(1), Guid.NewGuid().ToByteArray());
        return signed.CopyWithPrivateKey(key);
    }
}
