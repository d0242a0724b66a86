using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Tidemill.Connectors.DuckDb;
using Tidemill.Connectors.Kafka;
using Tidemill.Connectors.Postgres;
using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;
using Tidemill.Core.Warehouses;
using Tidemill.IntegrationTests.Servers;
using Tidemill.Streaming;
using Tidemill.Streaming.Sinks;
using Tidemill.Streaming.Status;
using Tidemill.Streaming.Verification;

namespace Tidemill.IntegrationTests.Kafka;

/// <summary>Streams from Kafka into both warehouses, with what can go wrong on the way.</summary>
public sealed class KafkaStreamTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-kafka-").FullName;
    private readonly string _topic = $"stream-{Guid.NewGuid():N}";

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Records_become_rows_in_DuckDB_once_each_and_the_group_shows_no_lag()
    {
        await using var log = await (await KafkaServer.SharedAsync()).OpenAsync();
        await using var warehouse = await OpenDuckDbAsync();
        await ProveAsync(log, warehouse);
    }

    [Fact]
    public async Task Records_become_rows_in_PostgreSQL_once_each_and_the_group_shows_no_lag()
    {
        await using var log = await (await KafkaServer.SharedAsync()).OpenAsync();
        var server = await PostgresServer.SharedAsync();
        var database = await server.CreateDatabaseAsync();
        await using (var warehouse = await PostgresWarehouse.OpenAsync(database, default))
        {
            await warehouse.MigrateAsync(StreamTables.Set, default);
            await ProveAsync(log, warehouse);
        }

        await server.DropDatabaseAsync(database);
    }

    [Fact]
    public async Task A_stream_waits_while_the_broker_is_away_and_goes_on()
    {
        await using var server = await KafkaServer.StartPrivateAsync();
        await using var log = await server.OpenAsync();
        await using var warehouse = await OpenDuckDbAsync();
        await log.CreateTopicAsync(new TopicSpec(_topic) { Partitions = 2 }, default);
        await ProduceAsync(log, 0, 500);
        var services = Services(log, warehouse);
        await using var streams = new RunningStreams(services, Stream());
        await streams.UntilAsync(s => s.Records == 500);

        await server.KillAsync();
        await streams.UntilAsync(s => s.State == StreamState.Waiting && s.LastError!.StartsWith("Unavailable", StringComparison.Ordinal));
        await server.ReviveAsync();
        await RetryPolicy.UntilItWorks(TimeProvider.System, _ => { }).ExecuteAsync(
            async _ => await log.DescribeTopicAsync(_topic, default)).AsTask().WaitAsync(Patience);
        await ProduceAsync(log, 500, 500);
        await streams.UntilAsync(s => s.State == StreamState.Running && s.Records >= 1000);

        Assert.True(Assert.Single(await new StreamVerifier(services, [Stream()]).VerifyAsync(null, default)).Proven);
    }

    [Fact]
    public async Task A_stream_whose_topic_is_deleted_fails_and_names_it()
    {
        await using var log = await (await KafkaServer.SharedAsync()).OpenAsync();
        await using var warehouse = await OpenDuckDbAsync();
        await log.CreateTopicAsync(new TopicSpec(_topic) { Partitions = 2 }, default);
        await ProduceAsync(log, 0, 10);
        await using var streams = new RunningStreams(Services(log, warehouse), Stream());
        await streams.UntilAsync(s => s.Records == 10);

        await log.DeleteTopicAsync(_topic, default);

        var failed = await streams.UntilAsync(s => s.State == StreamState.Failed);
        Assert.Contains(_topic, failed.LastError, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(OutOfRangePolicy.Halt)]
    [InlineData(OutOfRangePolicy.Earliest)]
    [InlineData(OutOfRangePolicy.Latest)]
    public async Task A_checkpoint_that_retention_passed_is_handled_as_the_source_says(OutOfRangePolicy policy)
    {
        var server = await KafkaServer.SharedAsync();
        await using var log = await server.OpenAsync();
        await using var warehouse = await OpenDuckDbAsync();
        await log.CreateTopicAsync(new TopicSpec(_topic), default);
        await ProduceAsync(log, 0, 10);
        var stream = Stream() with { Source = new TopicSourceDefinition(_topic) { OnOutOfRange = policy } };
        var services = Services(log, warehouse);
        await StreamCatchUp.RunAsync(services, stream, default).WaitAsync(Patience);
        await ProduceAsync(log, 10, 10);
        await server.DeleteRecordsAsync(_topic, 15);

        await using var streams = new RunningStreams(services, stream);
        if (policy == OutOfRangePolicy.Halt)
        {
            var failed = await streams.UntilAsync(s => s.State == StreamState.Failed);
            Assert.Contains("is 10, but the log holds 15 to 20", failed.LastError, StringComparison.Ordinal);
            return;
        }

        // Records count as older ones until the stream has asked where the latest is.
        var next = 20;
        await streams.UntilAsync(_ => true, async () =>
        {
            await ProduceAsync(log, next++, 1);
            return await CountAsync(warehouse, "id >= 20") > 0;
        });
        Assert.Equal(policy == OutOfRangePolicy.Earliest ? 5 : 0, await CountAsync(warehouse, "id >= 10 AND id < 20"));
    }

    [Fact]
    public async Task A_topic_of_another_connection_is_read_where_it_is()
    {
        var server = await KafkaServer.SharedAsync();
        await using var partner = await server.OpenAsync(server.Connection(SaslMechanism.ScramSha512, tls: true));
        await using var log = await server.OpenAsync();
        await using var warehouse = await OpenDuckDbAsync();
        await partner.CreateTopicAsync(new TopicSpec(_topic), default);
        await ProduceAsync(partner, 0, 20);
        var services = Services(log, warehouse) with
        {
            Stores = new OpenStores().With<ILog>(log).With<IWarehouse>(warehouse).With<ILog>(partner, "partner"),
        };
        var stream = Stream() with { Source = new TopicSourceDefinition(_topic) { Connection = "partner" } };

        await StreamCatchUp.RunAsync(services, stream, default).WaitAsync(Patience);

        Assert.Equal(20, await CountAsync(warehouse));
    }

    private async Task ProveAsync(KafkaLog log, IWarehouse warehouse)
    {
        await log.CreateTopicAsync(new TopicSpec(_topic) { Partitions = 2 }, default);
        await ProduceAsync(log, 0, 5000);
        var services = Services(log, warehouse);

        await StreamCatchUp.RunAsync(services, Stream(), default).WaitAsync(Patience);

        var report = Assert.Single(await new StreamVerifier(services, [Stream()]).VerifyAsync(null, default));
        Assert.True(report.Proven, report.ToString());
        Assert.Equal((5000, 5000), (report.Records, report.RowsFound));
        var group = await log.DescribeGroupAsync($"tidemill.{_topic}.events", default);
        Assert.Equal([0L, 0L], group!.Positions.Select(p => p.Lag!.Value));
    }

    private StreamDefinition Stream() => new()
    {
        Name = "events",
        File = "streams/events.yaml",
        Source = new TopicSourceDefinition(_topic),
        Decode = new DecodeDefinition
        {
            Fields = [new DecodeField(
                "id", new FieldType(FieldKind.Int64)) { Required = true }, new DecodeField("kind", new FieldType(FieldKind.Text))],
        },
        Batch = new BatchDefinition { MaxRecords = 700, MaxWait = TimeSpan.FromMilliseconds(20) },
        Sinks = [new WarehouseSinkDefinition("events", new TableName("events")) { Rule = ConflictRule.Append }],
    };

    private async Task<IWarehouse> OpenDuckDbAsync()
    {
        var warehouse = await DuckDbWarehouse.OpenAsync(Path.Combine(_folder, "warehouse.duckdb"), new WarehouseConnection(), default);
        await warehouse.MigrateAsync(StreamTables.Set, default);
        return warehouse;
    }

    /// <summary>The project's name is part of the group's: each test has its own.</summary>
    private StreamServices Services(ILog log, IWarehouse warehouse) => new(
        _topic, log, warehouse, TimeProvider.System, NullLoggerFactory.Instance);

    private async Task ProduceAsync(KafkaLog log, int first, int count)
    {
        await using var producer = log.CreateProducer(new ProducerOptions());
        await producer.ProduceAsync(_topic, [.. Enumerable.Range(first, count).Select(i => new ProducerRecord
        {
            Key = Encoding.UTF8.GetBytes($"{i}"),
            Value = Encoding.UTF8.GetBytes($$"""{"id":{{i}},"kind":"k{{i % 7}}"}"""),
        })], default);
    }

    private static async Task<long> CountAsync(IWarehouse warehouse, string where = "true")
    {
        await using var result = await warehouse.QueryAsync(
            $"SELECT count(DISTINCT id), count(*) FROM events WHERE {where}", [], readOnly: true, default);
        await foreach (var row in result.ReadRowsAsync(default))
        {
            Assert.Equal(row[0], row[1]);
            return Convert.ToInt64(row[0], System.Globalization.CultureInfo.InvariantCulture);
        }

        throw new InvalidOperationException("count(*) gave no row.");
    }

    /// <summary>One stream under its supervisor until disposed.</summary>
    private sealed class RunningStreams : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly StreamSupervisor _supervisor;
        private readonly Task _running;

        public RunningStreams(StreamServices services, StreamDefinition stream)
        {
            _supervisor = new StreamSupervisor(services, [stream]);
            _running = _supervisor.RunAsync(_stop.Token);
        }

        public Task<StreamStatus> UntilAsync(Predicate<StreamStatus> condition) => UntilAsync(condition, () => Task.FromResult(true));

        public async Task<StreamStatus> UntilAsync(Predicate<StreamStatus> condition, Func<Task<bool>> further)
        {
            var started = Stopwatch.GetTimestamp();
            while (true)
            {
                var status = _supervisor.Status()[0];
                if (condition(status) && await further())
                    return status;

                Assert.True(Stopwatch.GetElapsedTime(started) < Patience, $"The stream did not get there: {status}");
                await Task.Delay(20);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running.WaitAsync(Patience);
            _stop.Dispose();
        }
    }
}
