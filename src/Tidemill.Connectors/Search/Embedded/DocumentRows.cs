using Tidemill.DuckDb;

namespace Tidemill.Connectors.Search.Embedded;

internal static class DocumentRows
{
    /// <summary>Runs a query and makes each row into a value.</summary>
    public static List<T> Read<T>(
        DuckDbConnection connection, string sql, IReadOnlyList<object> parameters, Func<DataChunk, int, T> read)
    {
        using var statement = connection.Prepare(sql);
        for (var i = 0; i < parameters.Count; i++)
        {
            statement.BindAny(i + 1, parameters[i]);
        }

        using var result = statement.Query();
        var rows = new List<T>();
        while (result.Fetch() is { } chunk)
        {
            using (chunk)
            {
                for (var row = 0; row < chunk.Size; row++)
                {
                    rows.Add(read(chunk, row));
                }
            }
        }

        return rows;
    }
}
