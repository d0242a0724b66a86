using Tidemill.DuckDb;

namespace Tidemill.Connectors.DuckDb;

/// <summary>Rows into and out of an embedded store.</summary>
internal static class StoreRows
{
    /// <summary>Runs a query and makes each row into a value.</summary>
    public static List<T> Read<T>(
        DuckDbConnection connection, string sql, IReadOnlyList<object> parameters, Func<DataChunk, int, T> read)
    {
        using var statement = connection.Prepare(sql);
        for (var i = 0; i < parameters.Count; i++)
            statement.BindAny(i + 1, parameters[i]);

        using var result = statement.Query();
        var rows = new List<T>();
        while (result.Fetch() is { } chunk)
        {
            using (chunk)
            {
                for (var row = 0; row < chunk.Size; row++)
                    rows.Add(read(chunk, row));
            }
        }

        return rows;
    }

    /// <summary>Runs a statement and returns the rows it changed.</summary>
    public static long Write(DuckDbConnection connection, string sql, params IReadOnlyList<object> parameters)
    {
        using var statement = connection.Prepare(sql);
        for (var i = 0; i < parameters.Count; i++)
            statement.BindAny(i + 1, parameters[i]);

        return statement.Execute();
    }

    /// <summary>
    /// Gives <paramref name="use"/> the rows as a table expression; nothing happens without rows. One statement over many
    /// rows: a statement a row would take DuckDB a block of memory each until the commit.
    /// </summary>
    public static void Scan<T>(
        DuckDbConnection connection, string[] names, LogicalType[] types, IReadOnlyList<T> rows, Action<DataChunk, int, T> fill,
        Action<string> use)
    {
        if (rows.Count == 0)
            return;

        var source = connection.Database.Register(new ChunkSource(names, types));
        var chunks = new List<DataChunk>();
        try
        {
            for (var row = 0; row < rows.Count; row++)
            {
                if (row % DataChunk.Capacity == 0)
                    chunks.Add(DataChunk.Create(types));

                fill(chunks[^1], row % DataChunk.Capacity, rows[row]);
                chunks[^1].Size = (row % DataChunk.Capacity) + 1;
            }

            source.Set(chunks);
            use(source.Sql);
        }
        finally
        {
            source.Clear();
            connection.Database.Unregister(source);
            chunks.ForEach(chunk => chunk.Dispose());
        }
    }
}
