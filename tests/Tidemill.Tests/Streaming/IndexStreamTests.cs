using System.Diagnostics;
using Tidemill.Connectors.Search.Embedded;
using Tidemill.Connectors.Search.Streams;
using Tidemill.Core.Configuration;
using Tidemill.Core.Search;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming.DeadLetters;
using static Tidemill.Tests.Streaming.StreamBench;

namespace Tidemill.Tests.Streaming;

/// <summary>Streams into an index of the embedded store.</summary>
public sealed class IndexStreamTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-index-stream-").FullName;

    private StreamBench Bench { get; set; } = null!;

    private EmbeddedSearchStore Store { get; set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Bench = await OpenAsync();
        Store = await EmbeddedSearchStore.OpenAsync(_folder, default);
        Bench.OpenSink = (stream, sink) => new IndexSink(Store, "test", stream, (IndexSinkDefinition)sink, _ => { });
    }

    public async ValueTask DisposeAsync()
    {
        await Bench.DisposeAsync();
        await Store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Hundreds_of_documents_that_do_not_fit_are_dead_letters_within_seconds(bool withTable)
    {
        await Store.EnsureIndexAsync("events", new IndexMapping(new Dictionary<string, string> { ["kind"] = "boolean" }), default);
        await Bench.ProduceAsync([.. Enumerable.Range(0, 20_000).Select(i => i == 3 ? "{" : Json(i, kind: i % 50 == 7 ? "perhaps" : "true"))]);
        var started = Stopwatch.GetTimestamp();
        var definition = new IndexSinkDefinition("index", "events") { Id = ["id"], Mapping = new Dictionary<string, string> { ["kind"] = "boolean" } };
        var stream = Stream(ConflictRule.Append) with { Batch = new BatchDefinition { MaxRecords = 20_000, MaxWait = TimeSpan.FromMilliseconds(300) } };
        await Bench.CatchUpAsync(stream with { Sinks = withTable ? [.. stream.Sinks, definition] : [definition] });

        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(20), $"It took {Stopwatch.GetElapsedTime(started)}.");
        var letters = await new DeadLetterStore(Bench.Warehouse).ListAsync("events", null, 1000, 0, default);
        Assert.Equal(401, letters.Count);
        Assert.Equal(400, letters.Count(l => l.Message.Contains("kind", StringComparison.Ordinal)));
        Assert.DoesNotContain(letters, l => l.Message.Contains("perhaps", StringComparison.Ordinal));
        Assert.Equal(19_599, (await Store.SearchAsync("events", null, 0, 1, default)).Total);
    }
}
