using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Configuration.Binding;
using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Search;

namespace Tidemill.Connectors.Search.Elasticsearch;

/// <summary>An Elasticsearch or OpenSearch cluster.</summary>
public sealed class SearchConnectionKind : IConnectionKind
{
    public static readonly SearchConnectionKind Elasticsearch = new(SearchType.Elasticsearch, "An Elasticsearch cluster: a search store.");
    public static readonly SearchConnectionKind OpenSearch = new(SearchType.OpenSearch, "An OpenSearch cluster: a search store.");

    private readonly SearchType _type;

    private SearchConnectionKind(SearchType type, string description) => (_type, Description) = (type, description);

    public string Key => _type == SearchType.OpenSearch ? "opensearch" : "elasticsearch";

    public string Description { get; }

    public Type Store => typeof(ISearchStore);

    public ObjectShape Shape => SearchShapes.Connection;

    public Connection Bind(Section connection)
    {
        var defaults = new SearchConnection();
        var options = connection.Object("options", SearchShapes.Options);
        var urls = connection.Texts("url").Select(url => url.Text.TrimEnd('/')).ToList();
        if (connection.Has("api_key") && connection.Has("user"))
            connection.Error("api_key", "Both a user and an API key are given.", "Keep one of the two.");
        if (connection.Has("password") && !connection.Has("user"))
            connection.Error("password", "There is a password and no user.", "Add `user:`.");

        return new SearchConnection
        {
            Type = _type,
            Urls = urls.Count > 0 ? urls : defaults.Urls,
            User = connection.Text("user"),
            Password = connection.Text("password"),
            ApiKey = connection.Text("api_key"),
            Ca = connection.Text("ca"),
            Prefix = connection.Text("prefix") ?? "",
            Timeout = options.Duration("timeout") ?? defaults.Timeout,
            BulkBytes = (int)(options.Size("bulk_bytes") ?? defaults.BulkBytes),
            Compress = options.Flag("compress", defaults.Compress),
        };
    }
}
