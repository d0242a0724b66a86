using Tidemill.Connectors.Search.Elasticsearch;
using Tidemill.Core.Configuration;
using Tidemill.Core.Search;
using Tidemill.IntegrationTests.Servers;
using Tidemill.Tests.Search;

namespace Tidemill.IntegrationTests.Search;

public sealed class ElasticsearchStoreTests() : SearchStoreContractTests(new EmptyServerStore(SearchType.Elasticsearch));

public sealed class OpenSearchStoreTests() : SearchStoreContractTests(new EmptyServerStore(SearchType.OpenSearch));

public sealed class ElasticsearchIndexSinkTests() : IndexSinkContractTests(new EmptyServerStore(SearchType.Elasticsearch));

public sealed class OpenSearchIndexSinkTests() : IndexSinkContractTests(new EmptyServerStore(SearchType.OpenSearch));

public sealed class ElasticsearchIndexStreamTests() : IndexStreamContractTests(new EmptyServerStore(SearchType.Elasticsearch));

public sealed class OpenSearchIndexStreamTests() : IndexStreamContractTests(new EmptyServerStore(SearchType.OpenSearch));

/// <summary>A server's indexes under a prefix of their own.</summary>
internal sealed class EmptyServerStore(SearchType type) : IEmptySearchStore
{
    private ElasticsearchStore? _store;

    public async Task<ISearchStore> OpenAsync() =>
        _store = new ElasticsearchStore((await SearchServer.SharedAsync(type)).Connection(), TimeProvider.System);

    public async ValueTask DisposeAsync()
    {
        if (_store is not null)
            await SearchServer.CleanAsync(_store);
    }
}
