using Tidemill.DuckDb;

namespace Tidemill.Tests.DuckDb;

public sealed class AppenderTests : IDisposable
{
    private readonly DuckDbDatabase _database = DuckDbDatabase.Open(null);
    private readonly DuckDbConnection _connection;
    private readonly DataChunk _chunk = DataChunk.Create(LogicalType.Integer);

    public AppenderTests()
    {
        _connection = _database.Connect();
        _connection.Execute("CREATE SCHEMA s; CREATE TABLE s.t (id INTEGER PRIMARY KEY)");
        for (var i = 0; i < DataChunk.Capacity; i++) _chunk[0].Data<int>()[i] = i;
        _chunk.Size = DataChunk.Capacity;
    }

    public void Dispose()
    {
        _chunk.Dispose();
        _connection.Dispose();
        _database.Dispose();
    }

    private long Rows => _connection.Query("FROM s.t").Drain();

    [Fact]
    public void Closed_rows_are_there_and_abandoned_rows_are_not()
    {
        using (var abandoned = _connection.Append("s", "t")) abandoned.Append(_chunk);
        Assert.Equal(0, Rows);
        using (var appender = _connection.Append("s", "t"))
        {
            Assert.Equal([LogicalType.Integer], appender.Types);
            appender.Append(_chunk);
            appender.Close();
        }
        Assert.Equal(DataChunk.Capacity, Rows);
    }

    [Fact]
    public void Appended_rows_belong_to_the_open_transaction()
    {
        _connection.Begin();
        using (var appender = _connection.Append("s", "t"))
        {
            appender.Append(_chunk);
            appender.Flush();
            Assert.Equal(DataChunk.Capacity, Rows);
            appender.Close();
        }
        _connection.Rollback();
        Assert.Equal(0, Rows);
    }

    [Fact]
    public void Broken_constraints_and_missing_tables_are_typed_errors()
    {
        using var appender = _connection.Append("s", "t");
        appender.Append(_chunk);
        appender.Append(_chunk);
        Assert.Equal(DuckDbErrorType.Constraint, Assert.Throws<DuckDbException>(appender.Close).ErrorType);
        var missing = Assert.Throws<DuckDbException>(() => _connection.Append(null, "nowhere"));
        Assert.Equal(DuckDbErrorType.Catalog, missing.ErrorType);
        using var wide = DataChunk.Create(LogicalType.Integer, LogicalType.Integer);
        wide.Size = 1;
        using var other = _connection.Append("s", "t");
        Assert.Throws<DuckDbException>(() => other.Append(wide));
    }
}
