using Tidemill.DuckDb;

namespace Tidemill.Tests.DuckDb;

/// <summary>Databases in memory that hold more than their memory limit.</summary>
public sealed class SpillTests
{
    private const int Rows = 1_000_000;

    [Fact]
    public async Task Databases_in_memory_spill_into_folders_of_their_own_and_leave_nothing()
    {
        string[] folders;
        using (var first = Open())
        using (var second = Open())
        {
            await Task.WhenAll(Task.Run(() => Fill(first, "first")), Task.Run(() => Fill(second, "second")));
            Assert.Equal(Rows, Count(first, "first"));
            Assert.Equal(Rows, Count(second, "second"));
            folders = [Folder(first), Folder(second)];
            Assert.NotEqual(folders[0], folders[1]);
            Assert.All(folders, folder => Assert.NotEmpty(Directory.GetFiles(folder)));
            Assert.All(folders, folder => Assert.StartsWith(Path.GetTempPath(), folder, StringComparison.Ordinal));
        }

        Assert.DoesNotContain(folders, Directory.Exists);
    }

    [Fact]
    public void A_database_that_may_reach_no_files_spills_as_well()
    {
        using var database = DuckDbDatabase.Open(
            null, new Dictionary<string, string> { ["enable_external_access"] = "false", ["memory_limit"] = "40MB", ["threads"] = "2" });
        Fill(database, "closed");
        Assert.Equal(Rows, Count(database, "closed"));
    }

    private static DuckDbDatabase Open() =>
        DuckDbDatabase.Open(null, new Dictionary<string, string> { ["memory_limit"] = "40MB", ["threads"] = "2" });

    private static void Fill(DuckDbDatabase database, string mark)
    {
        using var connection = database.Connect();
        connection.Execute($"CREATE TABLE t AS SELECT '{mark}' AS mark, uuid() AS a, uuid() AS b, i FROM range({Rows}) r(i)");
    }

    private static long Count(DuckDbDatabase database, string mark)
    {
        using var connection = database.Connect();
        using var result = connection.Query($"SELECT count(*) FILTER (mark = '{mark}' AND a IS NOT NULL AND b <> a) FROM t");
        using var row = result.Fetch()!;
        return row[0].Data<long>()[0];
    }

    private static string Folder(DuckDbDatabase database)
    {
        using var connection = database.Connect();
        using var result = connection.Query("SELECT current_setting('temp_directory')");
        using var row = result.Fetch()!;
        return row[0].GetString(0);
    }
}
