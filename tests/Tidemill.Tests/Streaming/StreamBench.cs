using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Tidemill.Connectors.DuckDb;
using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;
using Tidemill.Core.Streams;
using Tidemill.Core.Warehouses;
using Tidemill.Log;
using Tidemill.Streaming;
using Tidemill.Streaming.Sinks;
using Tidemill.Streaming.Status;

namespace Tidemill.Tests.Streaming;

/// <summary>A log and a warehouse in a folder of their own, and streams run on them.</summary>
internal sealed class StreamBench : IAsyncDisposable
{
    public const string Topic = "events";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-streams-").FullName;

    private StreamBench()
    {
    }

    /// <summary>Where further stores may lie.</summary>
    public string Folder => _folder;

    public EmbeddedLog Log { get; private set; } = null!;

    public IWarehouse Warehouse { get; private set; } = null!;

    public Func<IWarehouse, IWarehouse> Wrap { get; set; } = warehouse => warehouse;

    /// <summary>Sinks that are no tables.</summary>
    public Func<StreamDefinition, SinkDefinition, ISink> OpenSink { get; set; } = (_, sink) => throw new NotSupportedException(sink.Name);

    public Func<PumpDefinition, IPumpSource> OpenSource { get; set; } = pump => throw new NotSupportedException(pump.Name);

    public Func<ILog, ILog> WrapLog { get; set; } = log => log;

    public StreamServices Services
    {
        get
        {
            var services = new StreamServices("test", WrapLog(Log), Wrap(Warehouse), TimeProvider.System, NullLoggerFactory.Instance);
            return services with
            {
                OpenSink = (stream, sink) => sink.Output is TableOutput ? services.OpenSink(stream, sink) : OpenSink(stream, sink),
                OpenSource = pump => OpenSource(pump),
            };
        }
    }

    /// <param name="partitions">Of the topic.</param>
    /// <param name="warehouse">Opens the warehouse; null: DuckDB in the bench's folder.</param>
    public static async Task<StreamBench> OpenAsync(int partitions = 2, Func<Task<IWarehouse>>? warehouse = null)
    {
        var bench = new StreamBench();
        bench.Log = await EmbeddedLog.OpenAsync(Path.Combine(bench._folder, "log"), new EmbeddedLogOptions(), TimeProvider.System, default);
        bench.Warehouse = warehouse is not null
            ? await warehouse()
            : await DuckDbWarehouse.OpenAsync(Path.Combine(bench._folder, "warehouse.duckdb"), new WarehouseConnection(), default);
        await bench.Warehouse.MigrateAsync(StreamTables.Set, default);
        await bench.Log.CreateTopicAsync(new TopicSpec(Topic) { Partitions = partitions }, default);
        return bench;
    }

    /// <summary>id (key of the record), amount decimal(18,2), kind text.</summary>
    public static StreamDefinition Stream(ConflictRule rule, string? transform = null, string name = "events") => new()
    {
        Name = name,
        File = $"streams/{name}.yaml",
        Source = new TopicSourceDefinition(Topic),
        Decode = new DecodeDefinition
        {
            Fields =
            [
                new DecodeField("id", new FieldType(FieldKind.Int64)) { Required = true },
                new DecodeField("amount", new FieldType(FieldKind.Decimal, 18, 2)) { Required = true },
                new DecodeField("kind", new FieldType(FieldKind.Text)),
            ],
        },
        Transform = transform is null ? null : new SqlText(transform, $"streams/{name}.yaml", 7),
        Batch = new BatchDefinition { MaxRecords = 500, MaxWait = TimeSpan.FromMilliseconds(20) },
        Sinks = [new WarehouseSinkDefinition(name, new TableName(name)) { Rule = rule, Key = rule == ConflictRule.Append ? [] : ["id"] }],
    };

    public static string Json(long id, string amount = "1.00", string kind = "a") =>
        $$"""{"id":{{id}},"amount":{{amount}},"kind":"{{kind}}"}""";

    public async Task ProduceAsync(params IReadOnlyList<string> values)
    {
        await using var producer = Log.CreateProducer(new ProducerOptions { Acknowledgement = Acknowledgement.Written });
        await producer.ProduceAsync(
            Topic, [.. values.Select((v, i) => new ProducerRecord { Value = Encoding.UTF8.GetBytes(v), Partition = i % 2 })], default);
    }

    /// <summary>Runs the stream until it holds everything in the topic, then stops it.</summary>
    public Task<StreamStatus> CatchUpAsync(StreamDefinition stream) =>
        StreamCatchUp.RunAsync(Services, stream, default).WaitAsync(Patience);

    /// <summary>Runs the stream until the condition holds, then stops it.</summary>
    public async Task<StreamStatus> RunUntilAsync(FlowDefinition stream, Func<StreamStatus, Task<bool>> condition)
    {
        var supervisor = new StreamSupervisor(Services, [stream]);
        using var stop = new CancellationTokenSource();
        var running = supervisor.RunAsync(stop.Token);
        var started = Stopwatch.GetTimestamp();
        while (!await condition(supervisor.Status()[0]))
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < Patience, $"The stream did not get there: {supervisor.Status()[0]}");
            await Task.Delay(10);
        }

        var status = supervisor.Status()[0];
        await stop.CancelAsync();
        await running.WaitAsync(Patience);
        return status;
    }

    public async Task<List<object?[]>> RowsAsync(string sql)
    {
        await using var result = await Warehouse.QueryAsync(sql, [], readOnly: true, default);
        var rows = new List<object?[]>();
        await foreach (var row in result.ReadRowsAsync(default))
            rows.Add(row);

        return rows;
    }

    public async Task<long> NumberAsync(string sql) =>
        (await RowsAsync($"SELECT ({sql})::BIGINT"))[0][0] is long number
            ? number
            : throw new InvalidOperationException($"No number: {sql}");

    public async ValueTask DisposeAsync()
    {
        await Warehouse.DisposeAsync();
        await Log.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
