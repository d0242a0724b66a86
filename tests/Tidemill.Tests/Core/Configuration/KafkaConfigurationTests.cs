using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Server.Hosting;

namespace Tidemill.Tests.Core.Configuration;

public sealed class KafkaConfigurationTests
{
    [Fact]
    public void A_connection_is_read_with_its_security_and_options_and_prints_no_secret()
    {
        var log = Log("""
            bootstrap_servers: "a:1, b:2"
                  security: {sasl: scram-sha-256, user: u, password: very-secret, tls: true, ca: ca.pem, certificate: c.pem, key: k.pem, key_password: more-secret}
                  options: {sasl.oauthbearer.config: third-secret, linger.ms: 9}
                  replication_factor: 3
            """);

        Assert.Equal(["a:1", "b:2"], log.BootstrapServers);
        Assert.Equal(
            (SaslMechanism.ScramSha256, "u", "very-secret", true),
            (log.Security.Sasl, log.Security.User, log.Security.Password, log.Security.Tls));
        Assert.Equal(
            ("ca.pem", "c.pem", "k.pem", "more-secret"),
            (log.Security.CaFile, log.Security.CertificateFile, log.Security.KeyFile, log.Security.KeyPassword));
        Assert.Equal(("9", 3), (log.Options["linger.ms"], log.ReplicationFactor));
        Assert.DoesNotContain("secret", log.ToString() + log.Security, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "bootstrap_servers", "Nothing says where the brokers are.")]
    [InlineData("bootstrap_servers: a:1\n      security: {user: u, password: p}", "security.user", "'user' has no effect without 'sasl'.")]
    [InlineData(
        "bootstrap_servers: a:1\n      security: {sasl: plain, user: u}", "security.user", "'user' has no effect without 'password'.")]
    [InlineData(
        "bootstrap_servers: a:1\n      security: {tls: true, certificate: c.pem}",
        "security.certificate",
        "'certificate' has no effect without 'key'.")]
    [InlineData("bootstrap_servers: a:1\n      security: {ca: c.pem}", "security.ca", "'ca' has no effect without `tls: true`.")]
    [InlineData(
        "bootstrap_servers: a:1\n      options: {enable.auto.commit: true}",
        "options.enable.auto.commit",
        "Tidemill sets 'enable.auto.commit' itself.")]
    public void Half_a_connection_is_an_error_with_its_place(string yaml, string path, string problem)
    {
        var error = Assert.Throws<TidemillException>(() => Log(yaml));

        Assert.Contains(error.ConfigErrors, e => e.Path == $"targets.dev.log.{path}" && e.Problem == problem && e.Line > 0);
    }

    [Fact]
    public void A_source_that_names_no_connection_of_the_target_is_told_which_there_are()
    {
        using var folder = new ProjectFolder()
            .With("tidemill.yaml", "name: a\ntargets:\n  dev: {connections: {partner: {type: kafka, bootstrap_servers: a:1}}}")
            .With("streams/s.yaml", "source: {topic: t, connection: partnr}\ndecode: {fields: {a: text}}\nsinks: [{warehouse: t}]");

        var error = Assert.Throws<TidemillException>(
            () => ProjectLoader.Load(folder.Path, null, InstalledKinds.All, new Dictionary<string, string?>()));

        Assert.Equal(
            "streams/s.yaml: source.connection: The target 'dev' has no connection 'partnr'. Did you mean 'partner'?", error.Message);
    }

    private static LogConnection Log(string yaml)
    {
        using var folder = new ProjectFolder().With(
            "tidemill.yaml", $"name: a\ntargets:\n  dev:\n    log:\n      type: kafka\n      {yaml}\n");
        return ProjectLoader.Load(folder.Path, null, InstalledKinds.All, new Dictionary<string, string?>()).Target.Log;
    }
}
