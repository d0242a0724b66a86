using Tidemill.Connectors.Search.Elasticsearch;
using Tidemill.Core.Configuration;
using Tidemill.Core.Search;
using Tidemill.IntegrationTests.Servers;
using Tidemill.Tests.Search;

namespace Tidemill.IntegrationTests.Search;

public sealed class ElasticsearchIndexSinkTests() : ServerIndexSinkTests(SearchType.Elasticsearch);

public sealed class OpenSearchIndexSinkTests() : ServerIndexSinkTests(SearchType.OpenSearch);

/// <summary>The contract of index sinks, against a server.</summary>
public abstract class ServerIndexSinkTests(SearchType type) : IndexSinkContractTests
{
    private ElasticsearchStore _store = null!;

    protected override async Task<ISearchStore> OpenAsync() =>
        _store = new ElasticsearchStore((await SearchServer.SharedAsync(type)).Connection(), TimeProvider.System);

    public override async ValueTask DisposeAsync()
    {
        await SearchServer.CleanAsync(_store);
        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
