using System.Globalization;
using System.Text;
using Tidemill.Core.Components;
using Tidemill.Core.Search;

namespace Tidemill.Core.Configuration;

public enum SearchType
{
    Embedded,
    Elasticsearch,
    OpenSearch,
}

/// <summary>A search store. All but the type belongs to servers; <see cref="ToString"/> prints no secrets.</summary>
public sealed record SearchConnection : Connection
{
    public override Type Store => typeof(ISearchStore);

    public SearchType Type { get; init; } = SearchType.Embedded;

    /// <summary>Nodes of one cluster, taken in turn; each http or https, without a path.</summary>
    public IReadOnlyList<string> Urls { get; init; } = ["http://localhost:9200"];

    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>The encoded form, base64 of id:key.</summary>
    public string? ApiKey { get; init; }

    /// <summary>PEM file of the authority that the server's certificate must come from. Null: the machine's.</summary>
    public string? Ca { get; init; }

    /// <summary>Put before every name on the server.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>A request that takes longer fails with TimedOut. Default 60 s, as long as the servers' own limit for a bulk
    /// request.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Bytes of a bulk request, about. Default 8 MiB: larger ones are no faster and hold more memory on the server.</summary>
    public int BulkBytes { get; init; } = 8 << 20;

    /// <summary>Requests are compressed with gzip. Default false.</summary>
    public bool Compress { get; init; }

    protected override bool PrintMembers(StringBuilder builder)
    {
        builder.Append(CultureInfo.InvariantCulture, $"Type = {Type}, Urls = {string.Join(", ", Urls)}, Prefix = {Prefix}");
        return true;
    }
}
