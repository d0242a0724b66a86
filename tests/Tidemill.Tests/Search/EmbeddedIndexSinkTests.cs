using Tidemill.Connectors.Search.Embedded;
using Tidemill.Core.Search;

namespace Tidemill.Tests.Search;

public sealed class EmbeddedIndexSinkTests : IndexSinkContractTests
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-index-").FullName;

    protected override async Task<ISearchStore> OpenAsync() => await EmbeddedSearchStore.OpenAsync(_folder, default);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }
}
