using System.Text.RegularExpressions;
using Tidemill.Core.Configuration;
using Tidemill.Server.Hosting;

namespace Tidemill.Tests.Deploy;

/// <summary>What can be known of docker-compose.yml without an engine: all that it names exists and fits together.</summary>
public sealed partial class ComposeTests
{
    // What each image listens on, from its own documentation: apache/kafka and the listeners set here, postgres, elasticsearch,
    // kibana, prometheus (--web.listen-address), grafana (http_port), and the Dockerfile's EXPOSE.
    private static readonly Dictionary<string, int> ListensOn = new()
    {
        ["apache/kafka"] = 9092,
        ["postgres"] = 5432,
        ["docker.elastic.co/elasticsearch/elasticsearch"] = 9200,
        ["docker.elastic.co/kibana/kibana"] = 5601,
        ["prom/prometheus"] = 9090,
        ["grafana/grafana"] = 3000,
        ["tidemill"] = 8080,
    };

    private readonly ComposeFile _compose = new();

    [Fact]
    public void Has_what_the_example_needs() => Assert.Equal(
        ["elasticsearch", "grafana", "kafka-1", "kafka-2", "kafka-3", "kibana", "postgres", "prometheus", "tidemill"],
        _compose.Services.Keys.Order());

    [Fact]
    public void Images_are_pinned_to_a_version() =>
        Assert.All(_compose.Services.Values, s => Assert.Matches(@"^[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?$", s.Image));

    [Fact]
    public void Services_have_healthchecks_and_depend_on_services_that_exist()
    {
        Assert.All(_compose.Services, s => Assert.True(s.Value.HasHealthcheck, s.Key));
        foreach (var (name, condition) in _compose.Services.Values.SelectMany(s => s.DependsOn))
        {
            Assert.Contains(name, _compose.Services.Keys);
            Assert.Contains(condition, new[] { "service_healthy", "service_started" });
        }
    }

    [Fact]
    public void Ports_are_unique_bound_to_loopback_and_those_that_the_images_listen_on()
    {
        var ports = _compose.Services.SelectMany(s => s.Value.Ports.Select(p => (Service: s.Value, p.Address, p.Host, p.Container)))
            .ToList();
        Assert.Equal(ports.Count, ports.Select(p => p.Host).Distinct().Count());
        Assert.All(ports, p => Assert.Equal("127.0.0.1", p.Address));
        Assert.All(ports, p => Assert.Equal(ListensOn[p.Service.Image.Split(':')[0]], p.Container));
        Assert.All(_compose.Services, s => Assert.NotEmpty(s.Value.Ports));
    }

    [Fact]
    public void Healthchecks_ask_a_port_that_the_service_listens_on()
    {
        foreach (var (name, service) in _compose.Services)
        {
            var asked = AskedPort().Matches(service.HealthcheckText).Select(m => m.Groups[1].Value);
            var listeners = service.Environment.GetValueOrDefault("KAFKA_LISTENERS", "") + ":" + ListensOn[service.Image.Split(':')[0]];
            Assert.All(asked, port => Assert.Contains($":{port}", listeners));
            Assert.True(name == "postgres" || asked.Any(), name);
        }
    }

    [Fact]
    public void Every_variable_has_a_default_or_stands_in_the_example_environment()
    {
        var needed = ComposeFile.Example(commented: false);
        var all = ComposeFile.Example(commented: true);
        foreach (var (name, rest) in _compose.Variables())
        {
            Assert.True(all.TryGetValue(name, out var example), $"{name} is not in .env.example.");
            Assert.True(rest.StartsWith(":-", StringComparison.Ordinal) || needed.ContainsKey(name), $"{name} has no value.");
            if (rest.StartsWith(":-", StringComparison.Ordinal)) Assert.Equal(rest[2..], example);
        }

        Assert.Equal(all.Keys.Order(), _compose.Variables().Select(v => v.Name).Distinct().Order());
    }

    [Fact]
    public void Mounted_files_exist_and_named_volumes_are_declared()
    {
        foreach (var (source, _) in _compose.Services.Values.SelectMany(s => s.Mounts))
        {
            if (source.StartsWith('.'))
            {
                var path = Path.GetFullPath(Path.Combine(ComposeFile.Folder, source));
                Assert.True(File.Exists(path) || Directory.Exists(path), path);
            }
            else
            {
                Assert.Contains(source, _compose.Volumes);
            }
        }

        var used = _compose.Services.Values.SelectMany(s => s.Mounts).Select(m => m.Source).Where(s => !s.StartsWith('.'));
        Assert.Equal(_compose.Volumes.Order(), used.Order());
    }

    [Fact]
    public void Tidemill_is_built_from_this_repository_with_a_token_and_the_variables_of_its_target()
    {
        var tidemill = _compose.Services["tidemill"];
        Assert.Equal(ComposeFile.Root, Path.GetFullPath(Path.Combine(ComposeFile.Folder, (string)tidemill.Build["context"])));
        Assert.True(File.Exists(Path.Combine(ComposeFile.Root, (string)tidemill.Build["dockerfile"])));
        Assert.True(tidemill.Environment["TIDEMILL_TOKEN"].Length >= 16);
        var read = TargetVariables(tidemill.Environment["TIDEMILL_TARGET"]);
        Assert.NotEmpty(read);
        Assert.All(read, name => Assert.Contains(name, tidemill.Environment.Keys));
        // The target is read as the container's environment has it, with nothing of this machine's.
        var environment = tidemill.Environment.ToDictionary(e => e.Key, e => (string?)e.Value);
        var project = ProjectLoader.Load(ComposeFile.Folder, "prod", InstalledKinds.All, environment);
        Assert.Equal("postgres", tidemill.Environment["POSTGRES_HOST"]);
        Assert.Equal("prod", project.Target.Name);
    }

    [Fact]
    public void Addresses_name_services_and_the_ports_they_listen_on()
    {
        var environment = _compose.Services["tidemill"].Environment;
        Assert.Equal(5432, ListensOn[_compose.Services[environment["POSTGRES_HOST"]].Image.Split(':')[0]]);
        Assert.Equal("5432", environment["POSTGRES_PORT"]);
        Assert.Equal("http://elasticsearch:9200", environment["ELASTICSEARCH_URL"]);
        Assert.Equal("http://elasticsearch:9200", _compose.Services["kibana"].Environment["ELASTICSEARCH_HOSTS"]);
        foreach (var server in environment["KAFKA_BOOTSTRAP_SERVERS"].Split(','))
        {
            var broker = _compose.Services[server.Split(':')[0]];
            Assert.Contains($"INTERNAL://{server}", broker.Environment["KAFKA_ADVERTISED_LISTENERS"]);
            Assert.Contains("INTERNAL://:" + server.Split(':')[1], broker.Environment["KAFKA_LISTENERS"]);
        }
    }

    [Fact]
    public void Brokers_form_one_cluster()
    {
        var brokers = _compose.Services.Where(s => s.Key.StartsWith("kafka-", StringComparison.Ordinal)).OrderBy(s => s.Key).ToList();
        Assert.Equal(["1", "2", "3"], brokers.Select(b => b.Value.Environment["KAFKA_NODE_ID"]));
        Assert.Equal(
            brokers[0].Value.Environment["KAFKA_CONTROLLER_QUORUM_VOTERS"],
            string.Join(',', brokers.Select(b => $"{b.Value.Environment["KAFKA_NODE_ID"]}@{b.Key}:9093")));
        // Sixteen bytes in URL-safe base64 without padding, as Kafka's Uuid has it.
        Assert.Matches("^[A-Za-z0-9_-]{22}$", brokers[0].Value.Environment["CLUSTER_ID"]);
        foreach (var broker in brokers)
        {
            var published = broker.Value.Ports.Single();
            Assert.Contains($"EXTERNAL://localhost:{published.Host}", broker.Value.Environment["KAFKA_ADVERTISED_LISTENERS"]);
            Assert.Contains(broker.Value.Mounts, m => m.Target == broker.Value.Environment["KAFKA_LOG_DIRS"]);
        }
    }

    [Fact]
    public void Prometheus_scrapes_tidemill_with_the_token()
    {
        var prometheus = _compose.Services["prometheus"];
        var config = ComposeFile.ReadYaml(File.ReadAllText(Path.Combine(ComposeFile.Root, "deploy/prometheus/prometheus.yml")));
        var job = ((List<object>)config["scrape_configs"]).Cast<Dictionary<object, object>>()
            .Single(j => (string)j["job_name"] == "tidemill");
        Assert.Equal("/metrics", job["metrics_path"]);
        Assert.Contains("tidemill:8080", File.ReadAllText(Path.Combine(ComposeFile.Root, "deploy/prometheus/prometheus.yml")));
        var secret = ((string)ComposeFile.Map(job, "authorization")["credentials_file"]).Replace(
            "/run/secrets/", "", StringComparison.Ordinal);
        Assert.Contains(secret, prometheus.Secrets);
        Assert.Equal("TIDEMILL_TOKEN", ((Dictionary<object, object>)_compose.Secrets[secret])["environment"]);
        Assert.Contains(prometheus.Mounts, m => m.Target == "/etc/prometheus/prometheus.yml");
    }

    [Fact]
    public void Grafana_finds_its_data_source_and_dashboards()
    {
        var mounts = _compose.Services["grafana"].Mounts.ToDictionary(
            m => m.Target, m => Path.GetFullPath(Path.Combine(ComposeFile.Folder, m.Source)));
        var provisioning = mounts["/etc/grafana/provisioning"];
        var source =
            ((List<object>)ComposeFile.ReadYaml(File.ReadAllText(Path.Combine(provisioning, "datasources/prometheus.yml")))["datasources"])
            .Cast<Dictionary<object, object>>().Single();
        Assert.Equal("http://prometheus:9090", source["url"]);
        var provider =
            ((List<object>)ComposeFile.ReadYaml(File.ReadAllText(Path.Combine(provisioning, "dashboards/tidemill.yml")))["providers"])
            .Cast<Dictionary<object, object>>().Single();
        var dashboards = mounts[(string)ComposeFile.Map(provider, "options")["path"]];
        Assert.Contains("\"uid\": \"tidemill\"", File.ReadAllText(Path.Combine(dashboards, "tidemill.json")));
        Assert.Contains($"\"value\": \"{source["uid"]}\"", File.ReadAllText(Path.Combine(dashboards, "tidemill.json")));
    }

    /// <summary>Variables without a default in the target's part of tidemill.yaml.</summary>
    private static List<string> TargetVariables(string target)
    {
        var lines = File.ReadLines(Path.Combine(ComposeFile.Folder, "tidemill.yaml")).ToList();
        var part = lines.SkipWhile(line => line != $"  {target}:")
            .Skip(1)
            .TakeWhile(line => line.Length == 0 || line.StartsWith("    ", StringComparison.Ordinal));
        return [.. part.SelectMany(line => TargetVariable().Matches(line)).Select(m => m.Groups[1].Value).Distinct()];
    }

    [GeneratedRegex(@"(?:localhost|127\.0\.0\.1):(\d+)")]
    private static partial Regex AskedPort();

    [GeneratedRegex(@"\$\{([A-Z0-9_]+)(:-[^}]*)?\}")]
    private static partial Regex TargetVariable();
}
