using Tidemill.Connectors.MongoDb;
using Tidemill.Core.Configuration;
using Tidemill.Core.Documents;
using Tidemill.Core.Errors;
using Tidemill.IntegrationTests.Servers;
using Tidemill.Tests.Documents;

namespace Tidemill.IntegrationTests.Documents;

/// <summary>The contract on a replica set, where documents and position are one transaction.</summary>
public sealed class MongoDocumentStoreTests : DocumentStoreContractTests
{
    protected override async Task<IDocumentStore> OpenAsync() => (await MongoServer.SharedAsync()).Open();

    [Fact]
    public async Task A_refused_commit_has_written_nothing_and_says_which_index_without_the_value()
    {
        await ((MongoDocumentStore)Store).RunAsync(
            """{"createIndexes":"orders","indexes":[{"key":{"email":1},"name":"e","unique":true}]}""", default);
        await CommitAsync(0, 1, """{"_id":1,"email":"a@example.com"}""");
        var refused = Assert.Single(
            await RefusedAsync(1, 3, """{"_id":2,"email":"b@example.com"}""", """{"_id":3,"email":"a@example.com"}"""));
        Assert.Equal((1, 11000), (refused.Index, refused.Code));
        Assert.Contains("email", refused.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("example.com", refused.Reason, StringComparison.Ordinal);
        Assert.Equal(1, await Store.CountAsync("orders", default));
        await CommitAsync(1, 3, """{"_id":2,"email":"b@example.com"}""");
    }

    [Theory]
    [InlineData(BulkOrder.Ordered, 1)]
    [InlineData(BulkOrder.Unordered, 3)]
    public async Task Documents_that_the_server_refuses_are_named_one_by_one(BulkOrder order, int written)
    {
        await ((MongoDocumentStore)Store).RunAsync("""{"create":"orders","validator":{"n":{"$gt":0}}}""", default);
        using var batch = DocumentBatch.Of(
            """{"_id":1,"n":1}""", """{"_id":2,"n":0}""", """{"_id":3,"n":3}""", """{"_id":4}""", """{"_id":5,"n":5}""");
        var result = await Store.UpsertAsync("orders", batch, order, default);
        Assert.Equal(order == BulkOrder.Ordered ? [1] : [1, 3], result.Refused.Select(refused => refused.Index));
        Assert.All(result.Refused, refused => Assert.Equal(121, refused.Code));
        Assert.Equal(written, result.Changed);
    }
}

/// <summary>The contract on a standalone server, and what is different there.</summary>
public sealed class StandaloneMongoTests(StandaloneMongo server) : DocumentStoreContractTests, IClassFixture<StandaloneMongo>
{
    protected override async Task<IDocumentStore> OpenAsync() => (await server.GetAsync()).Open();

    [Fact]
    public async Task The_server_is_described() =>
        Assert.Matches(@"^MongoDB \d+\.\d+\.\d+, standalone", await ((MongoDocumentStore)Store).DescribeServerAsync(default));
}

public sealed class StandaloneMongo : IAsyncDisposable
{
    private MongoServer? _server;

    public async Task<MongoServer> GetAsync() => _server ??= await MongoServer.StartPrivateAsync();

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
    }
}

/// <summary>Connections that are half configured, refused or away.</summary>
public sealed class MongoConnectionTests
{
    [Theory]
    [InlineData("", "db", "connection string")]
    [InlineData("postgres://h", "db", "connection string")]
    [InlineData("mongodb://user:secret@127.0.0.1:1/?replicaSet=", "db", "127.0.0.1:1")]
    [InlineData("mongodb://user:secret@127.0.0.1:1", null, "database: NAME")]
    [InlineData("mongodb://user:s/e@127.0.0.1:1,h:2/?x=%zz", null, "127.0.0.1:1,h:2")]
    public async Task A_half_configured_connection_says_what_is_missing_and_no_secret(string uri, string? database, string says)
    {
        await MongoServer.SharedAsync();
        var connection = new DocumentsConnection { Type = DocumentsType.MongoDb, Uri = uri, Database = database };
        var error = Assert.Throws<TidemillException>(() => MongoDocumentStore.Open(connection));
        Assert.Equal(ErrorCode.InvalidRequest, error.Code);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message + connection, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_unavailable_within_seconds()
    {
        await MongoServer.SharedAsync();
        var connection =
            new DocumentsConnection { Uri = "mongodb://user:secret@127.0.0.1:1/?serverSelectionTimeoutMS=300", Database = "db" };
        await using var store = MongoDocumentStore.Open(connection);
        var error = await Assert.ThrowsAsync<TidemillException>(() => store.CountAsync("c", default));
        Assert.Equal(ErrorCode.Unavailable, error.Code);
        Assert.Contains("127.0.0.1:1", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message + store.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_password_is_access_denied_and_a_right_one_works()
    {
        await using var server = await MongoServer.StartPrivateAsync("--auth");
        await using (var right = server.Open())
            Assert.Equal(0, await right.CountAsync("c", default));

        var given = server.NewDatabase();
        await using var wrong = MongoDocumentStore.Open(
            given with { Uri = given.Uri!.Replace("test-password", "other-secret", StringComparison.Ordinal) });
        var error = await Assert.ThrowsAsync<TidemillException>(() => wrong.CountAsync("c", default));
        Assert.Equal(ErrorCode.AccessDenied, error.Code);
        Assert.DoesNotContain("other-secret", error.Message, StringComparison.Ordinal);
        await using var nobody = MongoDocumentStore.Open(
            given with { Uri = given.Uri!.Replace("test:test-password@", "", StringComparison.Ordinal) });
        Assert.Equal(ErrorCode.AccessDenied, (await Assert.ThrowsAsync<TidemillException>(() => nobody.CountAsync("c", default))).Code);
    }
}
