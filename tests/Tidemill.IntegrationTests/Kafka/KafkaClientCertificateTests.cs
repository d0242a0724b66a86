using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tidemill.Connectors.Kafka;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.IntegrationTests.Servers;

namespace Tidemill.IntegrationTests.Kafka;

/// <summary>TLS on both sides: a broker that lets in who shows a certificate of its clients' authority.</summary>
public sealed class KafkaClientCertificateTests : IDisposable
{
    private const string Password = "key-secret";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-mtls-").FullName;

    [Fact]
    public async Task Clients_with_a_certificate_are_let_in_and_others_are_refused()
    {
        using var authority = Authority("clients");
        using var stranger = Authority("strangers");
        await File.WriteAllTextAsync(At("clients.pem"), authority.ExportCertificatePem());
        Issue(authority, "known");
        Issue(stranger, "unknown");
        await using var server = await KafkaServer.StartWithClientCertificatesAsync(At("clients.pem"));
        var connection = server.Connection(SaslMechanism.None, tls: true);

        await LetInAsync(connection, connection.Security with { CertificateFile = "known.pem", KeyFile = "known.key" });
        await LetInAsync(
            connection, connection.Security with { CertificateFile = "known.pem", KeyFile = "known.locked.key", KeyPassword = Password });
        await LetInAsync(connection with
        {
            Options = new Dictionary<string, string> { ["ssl.keystore.location"] = At("known.p12"), ["ssl.keystore.password"] = Password },
        }, connection.Security);

        await RefusedAsync(connection, connection.Security);
        await RefusedAsync(connection, connection.Security with { CertificateFile = "unknown.pem", KeyFile = "unknown.key" });
    }

    [Fact]
    public async Task A_key_that_does_not_open_or_fit_is_named_before_anything_connects()
    {
        await KafkaServer.SharedAsync();
        using var authority = Authority("clients");
        Issue(authority, "one");
        Issue(authority, "two");
        var nowhere = new LogConnection { Type = LogType.Kafka, BootstrapServers = ["127.0.0.1:1"] };

        foreach (var security in new[]
        {
            new KafkaSecurity { Tls = true, CertificateFile = "one.pem", KeyFile = "one.locked.key", KeyPassword = "wrong-secret" },
            new KafkaSecurity { Tls = true, CertificateFile = "one.pem", KeyFile = "two.key" },
        })
        {
            var error = await Assert.ThrowsAsync<TidemillException>(() => OpenAsync(nowhere with { Security = security }));
            Assert.Equal(ErrorCode.ConfigurationInvalid, error.Code);
            Assert.DoesNotContain("secret", error.ToString(), StringComparison.Ordinal);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task LetInAsync(LogConnection connection, KafkaSecurity security)
    {
        await using var log = await OpenAsync(connection with { Security = security });
        var topic = $"mtls-{Guid.NewGuid():N}";
        await log.CreateTopicAsync(new TopicSpec(topic), default);
        await using var producer = log.CreateProducer(new ProducerOptions());
        var position = Assert.Single(await producer.ProduceAsync(topic, [new ProducerRecord { Value = "v"u8.ToArray() }], default));
        await using var consumer = log.CreateConsumer(new ConsumerOptions { Assignment = [position] });
        using var read = await consumer.PollAsync(Patience, default);
        Assert.Equal(1, read!.Records.Length);
    }

    private async Task RefusedAsync(LogConnection connection, KafkaSecurity security)
    {
        await using var log = await OpenAsync(connection with { Security = security });
        var error = await Assert.ThrowsAsync<TidemillException>(() => log.ListTopicsAsync(default)).WaitAsync(Patience);
        Assert.True(error.Code == ErrorCode.AccessDenied, error.ToString());
    }

    private Task<KafkaLog> OpenAsync(LogConnection connection) => KafkaLog.OpenAsync(connection, _folder, TimeProvider.System, default);

    private static X509Certificate2 Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(DateTimeOffset.UnixEpoch.AddYears(50), DateTimeOffset.UnixEpoch.AddYears(100));
    }

    /// <summary>NAME.pem, NAME.key, the same key locked by a password, and both in NAME.p12.</summary>
    private void Issue(X509Certificate2 authority, string name)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var generator = X509SignatureGenerator.CreateForECDsa(authority.GetECDsaPrivateKey()!);
        using var certificate = request.Create(
            authority.SubjectName, generator, authority.NotBefore, authority.NotAfter, Guid.NewGuid().ToByteArray());
        using var both = certificate.CopyWithPrivateKey(key);
        var locked = new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 10_000);
        File.WriteAllText(At($"{name}.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(At($"{name}.key"), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(At($"{name}.locked.key"), key.ExportEncryptedPkcs8PrivateKeyPem(Password, locked));
        File.WriteAllBytes(At($"{name}.p12"), both.ExportPkcs12(locked, Password));
    }

    private string At(string name) => Path.Combine(_folder, name);
}
