using Tidemill.Connectors.Search.Embedded;
using Tidemill.Core.Search;

namespace Tidemill.Tests.Search;

/// <summary>The embedded store in a temporary folder.</summary>
public sealed class EmptyEmbeddedStore : IEmptySearchStore
{
    private EmbeddedSearchStore? _store;

    public string Folder { get; } = Directory.CreateTempSubdirectory("tidemill-search-").FullName;

    public async Task<ISearchStore> OpenAsync() => _store = await EmbeddedSearchStore.OpenAsync(Folder, default);

    public async ValueTask DisposeAsync()
    {
        await (_store?.DisposeAsync() ?? default);
        Directory.Delete(Folder, recursive: true);
    }
}
