using Tidemill.Core.Batches;
using Tidemill.Core.Schemas;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Benchmarks;

/// <summary>The rows of examples/transactions as batches in memory, the same for the same seed.</summary>
internal static class TransactionBatches
{
    public const int RowsPerBatch = 65_536;

    public static Schema Schema { get; } = new(
    [
        new("transaction_id", new(FieldKind.Uuid), true), new("user_id", new(FieldKind.Uuid)),
        new("amount", new(FieldKind.Decimal, 18, 2)), new("currency", new(FieldKind.Text)), new("status", new(FieldKind.Text)),
        new("event_time", new(FieldKind.Timestamp)), new("processing_time", new(FieldKind.Timestamp)),
    ]);

    public static TableSpec Table(string name) => new(new TableName(name), Schema) { PrimaryKey = ["transaction_id"] };

    public static List<Batch> Create(int rows, int seed = 42)
    {
        var random = new Random(seed);
        var batches = new List<Batch>();
        for (var first = 0; first < rows; first += RowsPerBatch)
        {
            var chunks = new List<DataChunk>();
            var end = Math.Min(rows, first + RowsPerBatch);
            for (var row = first; row < end; row += DataChunk.Capacity)
                chunks.Add(Chunk(random, row, Math.Min(DataChunk.Capacity, end - row)));

            batches.Add(new Batch(Schema, chunks));
        }

        return batches;
    }

    private static DataChunk Chunk(Random random, int first, int size)
    {
        var chunk = DataChunk.Create(Schema.ToLogical());
        chunk.Size = size;
        var ids = chunk[0].Data<Int128>();
        var users = chunk[1].Data<Int128>();
        var amounts = chunk[2].Data<long>();
        var events = chunk[5].Data<long>();
        var processed = chunk[6].Data<long>();
        for (var row = 0; row < size; row++)
        {
            ids[row] = new Int128(
                (ulong)random.NextInt64(long.MinValue, long.MaxValue), (ulong)random.NextInt64(long.MinValue, long.MaxValue));
            users[row] = new Int128(7, (ulong)random.Next(100_000));
            amounts[row] = random.Next(100, 1_000_000);
            chunk[3].SetUtf8(row, random.Next(3) switch { 0 => "EUR"u8, 1 => "USD"u8, _ => "GBP"u8 });
            chunk[4].SetUtf8(row, random.Next(10) == 0 ? "failed"u8 : "completed"u8);
            events[row] = 1_704_067_200_000_000 + (first + row) * 1_000L;
            processed[row] = events[row] + random.Next(5_000_000);
        }

        return chunk;
    }
}
