using Tidemill.Connectors.Documents;
using Tidemill.Core.Documents;

namespace Tidemill.Tests.Documents;

public sealed class EmbeddedCollectionSourceTests : CollectionSourceContractTests
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-sources-").FullName;

    protected override async Task<IDocumentStore> OpenStoreAsync() => await EmbeddedDocumentStore.OpenAsync(_folder, default);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }
}
