using Tidemill.DuckDb;

namespace Tidemill.Tests.DuckDb;

/// <summary>Any chunk written reads back equal: from itself, through a scan, and from the table it was put into.</summary>
public sealed class ChunkRoundTripTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 40)];

    public static TheoryData<string> ScalarNames => [.. ChunkGenerator.Scalars.Select(type => type.ToString())];

    [Theory, MemberData(nameof(ScalarNames))]
    public void Each_scalar_type_reads_back_equal(string type) =>
        RoundTrip(1, [ChunkGenerator.Scalars.Single(scalar => scalar.ToString() == type)], DataChunk.Capacity);

    [Fact]
    public void Decimals_of_every_width_read_back_equal()
    {
        for (var width = 1; width <= 38; width++)
        {
            RoundTrip(width, [Scaled(0), Scaled(width / 2), Scaled(width)], rows: 40);
            LogicalType Scaled(int scale) => LogicalType.Decimal(width, scale);
        }
    }

    [Theory, MemberData(nameof(Seeds))]
    public void Any_chunk_reads_back_equal(int seed)
    {
        var generator = new ChunkGenerator(seed);
        var types = Enumerable.Range(0, 1 + generator.Next(6)).Select(_ => generator.Type(depth: 3)).ToArray();
        RoundTrip(seed, types, generator.Next(10) == 0 ? DataChunk.Capacity : generator.Next(100));
    }

    private static void RoundTrip(int seed, LogicalType[] types, int rows)
    {
        var what = $"seed {seed}, {rows} rows of {string.Join(", ", (object[])types)}";
        var generator = new ChunkGenerator(seed);
        using var database = DuckDbDatabase.Open(null);
        using var chunk = DataChunk.Create(types);
        // The second round runs over memory that Reset recycled.
        for (var round = 0; round < 2; round++)
        {
            chunk.Reset();
            var expected = Write(chunk, types, rows, generator);
            Equal(expected, [chunk], what + ", chunk");
            using var connection = database.Connect();
            connection.Execute("DROP TABLE IF EXISTS inserted; DROP TABLE IF EXISTS appended");
            var names = types.Select((_, i) => $"c{i}").ToArray();
            using var scan = connection.RegisterScan("batch", names, types);
            scan.Set([chunk]);
            Equal(expected, Read(connection, "SELECT * FROM batch"), what + ", scan");
            connection.Execute("CREATE TABLE inserted AS SELECT * FROM batch");
            Equal(expected, Read(connection, "SELECT * FROM inserted"), what + ", insert");
            connection.Execute("CREATE TABLE appended AS SELECT * FROM batch LIMIT 0");
            using (var appender = connection.Append(null, "appended"))
            {
                appender.Append(chunk);
                appender.Close();
            }
            Equal(expected, Read(connection, "SELECT * FROM appended"), what + ", append");
            Equal(expected, [chunk], what + ", chunk after the queries");
        }
    }

    private static object?[][] Write(DataChunk chunk, LogicalType[] types, int rows, ChunkGenerator generator)
    {
        var values = new object?[rows][];
        for (var row = 0; row < rows; row++) values[row] = [.. types.Select(generator.Value)];
        for (var column = 0; column < types.Length; column++)
        {
            var vector = chunk[column];
            for (var row = 0; row < rows; row++) vector.SetValue(row, values[row][column]);
        }
        chunk.Size = rows;
        return values;
    }

    private static List<DataChunk> Read(DuckDbConnection connection, string sql)
    {
        using var result = connection.Query(sql);
        var chunks = new List<DataChunk>();
        while (result.Fetch() is { } chunk) chunks.Add(chunk);
        return chunks;
    }

    private static void Equal(object?[][] expected, List<DataChunk> chunks, string what)
    {
        var row = 0;
        foreach (var chunk in chunks)
        {
            for (var i = 0; i < chunk.Size; i++, row++)
            {
                for (var column = 0; column < chunk.ColumnCount; column++)
                {
                    var actual = chunk[column].GetValue(i);
                    if (!Same(expected[row][column], actual))
                        Assert.Fail($"{what}: row {row}, column {column}: {Show(expected[row][column])} became {Show(actual)}");
                }
            }
        }
        Assert.True(row == expected.Length, $"{what}: {expected.Length} rows became {row}");
        if (!what.Contains(", chunk", StringComparison.Ordinal)) chunks.ForEach(chunk => chunk.Dispose());
    }

    private static bool Same(object? expected, object? actual)
    {
        if (expected is null || actual is null) return expected is null && actual is null;
        if (expected.GetType() != actual.GetType()) return false;
        return (expected, actual) switch
        {
            (byte[] a, byte[] b) => a.AsSpan().SequenceEqual(b),
            (object?[] a, object?[] b) => a.Length == b.Length && a.Zip(b).All(pair => Same(pair.First, pair.Second)),
            (OrderedDictionary<string, object?> a, OrderedDictionary<string, object?> b) =>
                a.Keys.SequenceEqual(b.Keys) && a.Values.Zip(b.Values).All(pair => Same(pair.First, pair.Second)),
            (KeyValuePair<object, object?>[] a, KeyValuePair<object, object?>[] b) => a.Length == b.Length
                && a.Zip(b).All(pair => Same(pair.First.Key, pair.Second.Key) && Same(pair.First.Value, pair.Second.Value)),
            (DuckDbUnion a, DuckDbUnion b) => a.Tag == b.Tag && Same(a.Value, b.Value),
            _ => expected.Equals(actual),
        };
    }

    private static string Show(object? value) => value switch
    {
        null => "NULL",
        byte[] bytes => Convert.ToHexString(bytes),
        object?[] items => $"[{string.Join(", ", items.Select(Show))}]",
        OrderedDictionary<string, object?> fields => $"{{{string.Join(", ", fields.Select(f => $"{f.Key}: {Show(f.Value)}"))}}}",
        _ => $"{value.GetType().Name} {value}",
    };
}
