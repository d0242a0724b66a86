using Tidemill.Connectors.Documents;
using Tidemill.Core.Documents;

namespace Tidemill.Tests.Documents;

public sealed class EmbeddedDocumentStoreTests : DocumentStoreContractTests
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-documents-").FullName;

    protected override async Task<IDocumentStore> OpenAsync() => await EmbeddedDocumentStore.OpenAsync(_folder, default);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Documents_and_positions_outlive_the_process()
    {
        await CommitAsync(0, 3, """{"_id":1,"v":{"$numberDecimal":"1.10"}}""");
        await Store.DisposeAsync();
        await InitializeAsync();
        Assert.Equal("""{"_id":{"$numberInt":"1"},"v":{"$numberDecimal":"1.10"}}""", await GetAsync("1"));
        await CommitAsync(3, 4, """{"_id":2}""");
    }
}
