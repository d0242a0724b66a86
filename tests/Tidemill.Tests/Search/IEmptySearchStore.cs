using Tidemill.Core.Search;

namespace Tidemill.Tests.Search;

/// <summary>The store that a contract's tests run against: opened empty for each, gone with its documents when disposed.</summary>
public interface IEmptySearchStore : IAsyncDisposable
{
    Task<ISearchStore> OpenAsync();
}
