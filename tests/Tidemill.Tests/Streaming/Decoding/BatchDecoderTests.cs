using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;
using Tidemill.DuckDb;
using Tidemill.Streaming.Decoding;

namespace Tidemill.Tests.Streaming.Decoding;

public sealed class BatchDecoderTests
{
    private static readonly DecodeDefinition Definition = new()
    {
        Fields =
        [
            new DecodeField("n", new FieldType(FieldKind.Int32)) { Required = true },
            new DecodeField("s", new FieldType(FieldKind.Text)),
        ],
    };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Every_record_is_a_row_or_rejected_in_order_and_rows_are_traced_to_records(int threads)
    {
        using var decoder = new BatchDecoder(Definition, MetadataColumns.All, threads);
        for (var seed = 0; seed < 12; seed++)
        {
            var random = new Random(seed);
            var fetches = new List<FetchedRecords>();
            var number = 0;
            for (var f = random.Next(0, 9); f >= 0; f--)
            {
                var values = new string?[random.Next(4) == 0 ? 0 : random.Next(1, seed % 2 == 0 ? 300 : 5000)];
                for (var i = 0; i < values.Length; i++, number++)
                {
                    values[i] = random.Next(seed + 2) == 0
                        ? (i % 2 == 0 ? null : "{\"n\":")
                        : $"{{\"n\":{number},\"s\":\"text of record {number}\"}}";
                }

                fetches.Add(SampleRecords.Fetch("t" + (f % 2), f, f * 1_000_000L, values));
            }

            using var batch = decoder.Decode(fetches, TestContext.Current.CancellationToken);
            Check(batch, fetches, number);
        }
    }

    [Fact]
    public void Sql_reads_the_decoded_chunks_in_place()
    {
        var random = new Random(3);
        var values = Enumerable.Range(0, 5000).Select(_ => SampleRecords.Transaction(random)).ToArray();
        using var decoder = new BatchDecoder(SampleRecords.Definition, MetadataColumns.Offset, threads: 2);
        using var database = DuckDbDatabase.Open(null);
        using var connection = database.Connect();
        using var batch = decoder.Decode([SampleRecords.Fetch("t", 0, 0, values)], TestContext.Current.CancellationToken);
        Assert.Empty(batch.Rejected);
        using var scan = connection.RegisterScan("decoded", [.. batch.Schema.Fields.Select(f => f.Name)], [.. batch.Chunks[0].Types]);
        scan.Set(batch.Chunks);
        connection.Execute("CREATE TABLE raw (line VARCHAR, n BIGINT)");
        var list = "[" + string.Join(",", values.Select(v => "'" + v + "'")) + "]";
        connection.Execute($"INSERT INTO raw SELECT unnest({list}), unnest(range({values.Length}))");

        // The oracle reads the same records with DuckDB's own JSON functions.
        const string Oracle = """
            SELECT (line->>'transaction_id')::UUID, (line->>'user_id')::UUID, (line->>'amount')::DECIMAL(18,2),
                   line->>'currency', line->>'status', (line->>'event_time')::TIMESTAMP, n FROM raw
            """;
        Assert.Equal(0, Count(connection, $"(SELECT * FROM decoded EXCEPT ALL {Oracle})"));
        Assert.Equal(0, Count(connection, $"({Oracle} EXCEPT ALL SELECT * FROM decoded)"));
    }

    [Fact]
    public void Chunks_are_used_again_and_a_batch_may_be_disposed_after_its_decoder()
    {
        DataChunk first;
        var fetch = SampleRecords.Fetch("t", 0, 0, "{\"n\":1,\"s\":null}", "{\"n\":2}");
        var decoder = new BatchDecoder(Definition);
        using (var batch = decoder.Decode([fetch], TestContext.Current.CancellationToken))
        {
            first = batch.Chunks[0];
            Assert.Null(first[1].GetValue(0));
        }

        fetch = SampleRecords.Fetch("t", 0, 0, "{\"n\":1,\"s\":\"a\"}", "{\"n\":2,\"s\":\"b\"}");
        var again = decoder.Decode([fetch], TestContext.Current.CancellationToken);
        Assert.Same(first, again.Chunks[0]);
        Assert.Equal("a", again.Chunks[0][1].GetValue(0));
        decoder.Dispose();
        again.Dispose();
        Assert.Throws<ObjectDisposedException>(() => first.Size);
        Assert.Throws<ObjectDisposedException>(() => decoder.Decode([fetch], TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Nothing_decoded_gives_no_chunks_and_cancellation_is_heeded()
    {
        using var decoder = new BatchDecoder(Definition, threads: 2);
        using var none = decoder.Decode([], TestContext.Current.CancellationToken);
        Assert.Empty(none.Chunks);
        using var rejected = decoder.Decode([SampleRecords.Fetch("t", 0, 5, null, "x")], TestContext.Current.CancellationToken);
        Assert.Empty(rejected.Chunks);
        Assert.Equal([5L, 6L], rejected.Rejected.Select(r => r.Position.Offset.Value));
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => decoder.Decode([SampleRecords.Fetch("t", 0, 5, "{}")], source.Token));
    }

    private static void Check(DecodedBatch batch, List<FetchedRecords> fetches, int records)
    {
        Assert.Equal(records, batch.Rows + batch.Rejected.Count);
        Assert.Equal(batch.Rows, batch.Chunks.Sum(c => c.Size));
        Assert.All(batch.Chunks, c => Assert.NotEqual(0, c.Size));
        var starts = new int[fetches.Count];
        for (var i = 1; i < starts.Length; i++)
            starts[i] = starts[i - 1] + fetches[i - 1].Records.Length;

        var seen = new List<int>();
        var row = 0;
        foreach (var chunk in batch.Chunks)
        {
            for (var i = 0; i < chunk.Size; i++, row++)
            {
                var number = chunk[0].Data<int>()[i];
                var index = batch.Source(row);
                Assert.Equal(number, starts[index.Fetch] + index.Record);
                Assert.Equal($"text of record {number}", chunk[1].GetValue(i));
                Assert.Equal(fetches[index.Fetch].Partition.Topic, chunk[2].GetValue(i));
                Assert.Equal(fetches[index.Fetch].Partition.Partition, chunk[3].GetValue(i));
                Assert.Equal(fetches[index.Fetch].Records[index.Record].Offset, chunk[4].GetValue(i));
                seen.Add(number);
            }
        }

        Assert.Equal(seen.Order(), seen);
        var lost = batch.Rejected.Select(r => starts[r.Index.Fetch] + r.Index.Record).ToList();
        Assert.Equal(lost.Order(), lost);
        Assert.Equal(Enumerable.Range(0, records), seen.Concat(lost).Order());
        Assert.All(batch.Rejected, r => Assert.Equal(fetches[r.Index.Fetch].Records[r.Index.Record].Offset, r.Position.Offset.Value));
    }

    private static long Count(DuckDbConnection connection, string query)
    {
        using var result = connection.Query($"SELECT count(*) FROM {query}");
        using var chunk = result.Fetch()!;
        return chunk[0].Data<long>()[0];
    }
}
