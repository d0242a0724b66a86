using System.Text.RegularExpressions;
using Tidemill.Core.Configuration;
using Tidemill.DuckDb;
using Tidemill.Server.Hosting;
using Tidemill.Streaming.Sinks;
using Tidemill.Workflows.Tasks.Index;

namespace Tidemill.Tests.Core.Configuration;

/// <summary>The SQL of examples/transactions on DuckDB, with the few template expressions in it put in by hand.</summary>
public sealed class ExampleSqlTests
{
    private const string Raw = """
        (transaction_id UUID, user_id UUID, amount DECIMAL(18,2), currency TEXT, status TEXT, event_time TIMESTAMP, processing_time TIMESTAMP)
        """;

    [Fact]
    public void Models_count_what_came_more_than_two_minutes_late()
    {
        using var database = DuckDbDatabase.Open(null);
        using var connection = database.Connect();
        connection.Execute($"CREATE TABLE transactions {Raw}");
        connection.Execute("""
            INSERT INTO transactions VALUES
              (uuid(), uuid(), 1.50, 'EUR', 'completed', '2026-01-01 10:59:00', '2026-01-01 11:01:00'),
              (uuid(), uuid(), 2.25, 'EUR', 'completed', '2026-01-01 10:00:00', '2026-01-01 10:02:00.001'),
              (uuid(), uuid(), 4.00, 'USD', NULL, '2026-01-01 12:00:00', '2026-01-01 12:00:00')
            """);

        connection.Execute($"CREATE TABLE transactions_clean AS {Model("transactions_clean")}");
        connection.Execute($"CREATE VIEW hourly_metrics AS {Model("hourly_metrics")}");

        var index = ProjectLoader.Load(RepositoryFiles.Transactions, "dev", InstalledKinds.All, new Dictionary<string, string?>())
            .Workflows.Single().Tasks.Select(t => t.Action).OfType<IndexAction>().Single();
        Assert.Equal(
            ["event_hour", "total_transactions", "total_amount", "late_transactions", "late_ratio"],
            index.Mapping.Keys);
        Assert.Equal(
            ["2026-01-01 10:00:00|2|3.75|1|0.5", "2026-01-01 12:00:00|1|4.00|0|0.0"],
            Rows(connection, $"SELECT concat_ws('|', {string.Join(", ", index.Mapping.Keys)}) FROM ({index.Query.Text}) ORDER BY 1"));
        Assert.Equal(
            ["2026-01-01|2026-01-01 "
                + "10:00:00|120.001|true", "2026-01-01|2026-01-01 10:00:00|120.0|false", "2026-01-01|2026-01-01 12:00:00|0.0|false"],
            Rows(connection, "SELECT concat_ws('|', event_date, event_hour, latency_seconds, is_late) FROM transactions_clean ORDER BY 1"));
    }

    [Fact]
    public void Transforms_give_the_columns_their_sinks_name()
    {
        using var database = DuckDbDatabase.Open(null);
        using var connection = database.Connect();
        var project = ProjectLoader.Load(RepositoryFiles.Transactions, "dev", InstalledKinds.All, new Dictionary<string, string?>());
        foreach (var stream in project.Streams.Where(s => s.Transform is not null))
        {
            var columns = stream.Decode!.Fields.Select(f => $"{f.Name} {f.Type}").Append("_timestamp TIMESTAMP");
            connection.Execute($"CREATE OR REPLACE TABLE batch ({string.Join(", ", columns)})");
            using var result = connection.Query(stream.Transform!.Text);

            var sink = Assert.IsType<WarehouseSinkDefinition>(Assert.Single(stream.Sinks));
            Assert.Subset(result.ColumnNames.ToHashSet(), sink.Key.Concat(sink.Merge.Keys).Concat(sink.Columns.Keys).ToHashSet());
            if (sink.Merge.Count > 0)
                Assert.Equal(result.ColumnNames.Order(), sink.Key.Concat(sink.Merge.Keys).Order());
        }
    }

    [Fact]
    public void Live_metrics_count_late_transactions_as_the_model_does()
    {
        using var database = DuckDbDatabase.Open(null);
        using var connection = database.Connect();
        var stream = ProjectLoader.Load(RepositoryFiles.Transactions, "dev", InstalledKinds.All, new Dictionary<string, string?>())
            .Streams.Single(s => s.Name == "hourly_metrics_live");
        connection.Execute("CREATE TABLE batch (amount DECIMAL(18,2), event_time TIMESTAMP, _timestamp TIMESTAMP)");
        connection.Execute("""
            INSERT INTO batch VALUES (1.5, '2026-01-01 10:59:00', '2026-01-01 11:01:00'), (2.25, '2026-01-01 10:00:00', '2026-01-01 10:02:00.001')
            """);

        Assert.Equal(
            ["2026-01-01 10:00:00|2|3.75|1|2026-01-01 11:01:00"],
            Rows(connection, $"SELECT concat_ws('|', event_hour, total_transactions, total_amount, late_transactions, last_updated) "
                + $"FROM ({stream.Transform!.Text})"));
    }

    private static string Model(string name)
    {
        var text = File.ReadAllText(Path.Combine(RepositoryFiles.Transactions, "models", name + ".sql"));
        var sql = Regex.Replace(text, @"\{\{ config\(.*?\) \}\}", "", RegexOptions.Singleline);
        return Regex.Replace(sql, @"\{\{ (?:ref|source)\((?:'\w+', )?'(\w+)'\) \}\}", "$1");
    }

    private static List<string?> Rows(DuckDbConnection connection, string sql)
    {
        using var result = connection.Query(sql);
        var rows = new List<string?>();
        while (result.Fetch() is { } chunk)
        {
            using (chunk)
            {
                for (var row = 0; row < chunk.Size; row++)
                    rows.Add(chunk[0].GetValue(row) as string);
            }
        }

        return rows;
    }
}
