using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using MongoDB.Bson;
using MongoDB.Driver;
using Tidemill.Connectors.Documents;
using Tidemill.Connectors.DuckDb;
using Tidemill.Connectors.MongoDb;
using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Documents;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;
using Tidemill.Log;
using Tidemill.Streaming;

namespace Tidemill.Benchmarks;

/// <summary>
/// <c>collections [records] [rounds]</c>: log -> decode -> MongoDB collection, documents and checkpoint in one transaction a batch,
/// against bulk writes by the driver of the same documents from memory, acknowledged alike. The replica set comes from
/// TIDEMILL_TEST_MONGODB.
/// </summary>
internal static class Collections
{
    private const int BatchDocuments = 20_000;

    public static async Task<int> RunAsync(string[] args)
    {
        var records = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 200_000;
        var rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 3;
        var uri = Environment.GetEnvironmentVariable("TIDEMILL_TEST_MONGODB")
            ?? throw new InvalidOperationException("Set TIDEMILL_TEST_MONGODB to a replica set's connection string.");
        var folder = Directory.CreateTempSubdirectory("tidemill-collections-").FullName;
        var database = $"bench_{Guid.NewGuid():N}";
        using var client = new MongoClient(uri);
        try
        {
            await using var log = await EmbeddedLog.OpenAsync(
                Path.Combine(folder, "log"), new EmbeddedLogOptions(), TimeProvider.System, default);
            await TransactionRecords.WriteAsync(log, TransactionRecords.Topic, records, partitions: 2);
            await using var warehouse = await DuckDbWarehouse.OpenAsync(
                Path.Combine(folder, "letters.duckdb"), new WarehouseConnection(), default);
            await warehouse.MigrateAsync(StreamTables.Set, default);
            await using var store = MongoDocumentStore.Open(
                new DocumentsConnection { Type = DocumentsType.MongoDb, Uri = uri, Database = database });
            for (var round = 1; round <= rounds; round++)
            {
                var name = $"round_{round}";
                var ours = await StreamAsync(log, warehouse, store, name);
                var baseline = await WriteAsync(client.GetDatabase(database), name);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"round {round}: bulk writes {baseline.TotalSeconds:F2} s, log -> decode -> MongoDB {ours.Time.TotalSeconds:F2} s "
                        + $"({ours.Processor.TotalSeconds:F2} s of processor), rate ratio {baseline / ours.Time:F2}"));
            }

            return 0;
        }
        finally
        {
            await client.DropDatabaseAsync(database);
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<(TimeSpan Time, TimeSpan Processor)> StreamAsync(
        ILog log, IWarehouse warehouse, IDocumentStore store, string name)
    {
        var services = new StreamServices("bench", log, warehouse, TimeProvider.System, NullLoggerFactory.Instance)
        {
            Stores = new OpenStores().With(log).With(warehouse).With(store),
        };
        var stream = TransactionRecords.Stream(name, ConflictRule.Append) with
        {
            Batch = new BatchDefinition { MaxRecords = BatchDocuments },
            Sinks = [new CollectionSinkDefinition(name, name) { Id = ["transaction_id"] }],
        };
        var processor = Environment.CpuUsage.TotalTime;
        var started = Stopwatch.GetTimestamp();
        await StreamCatchUp.RunAsync(services, stream, default);
        return (Stopwatch.GetElapsedTime(started), Environment.CpuUsage.TotalTime - processor);
    }

    /// <summary>The collection's documents once more, into another collection.</summary>
    private static async Task<TimeSpan> WriteAsync(IMongoDatabase database, string name)
    {
        var documents = await database.GetCollection<RawBsonDocument>(name).Find(Builders<RawBsonDocument>.Filter.Empty).ToListAsync();
        var target = database.GetCollection<RawBsonDocument>($"{name}_again")
            .WithWriteConcern(WriteConcern.WMajority.With(journal: true));
        var started = Stopwatch.GetTimestamp();
        foreach (var batch in documents.Chunk(BatchDocuments))
        {
            await target.BulkWriteAsync(batch.Select(document => new ReplaceOneModel<RawBsonDocument>(
                new BsonDocument("_id", document["_id"]), document)
            { IsUpsert = true }));
        }

        return Stopwatch.GetElapsedTime(started);
    }
}
