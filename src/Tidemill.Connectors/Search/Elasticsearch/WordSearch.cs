using System.Text.Json;
using System.Text.Json.Nodes;
using Tidemill.Core.Errors;
using Tidemill.Core.Search;

namespace Tidemill.Connectors.Search.Elasticsearch;

/// <summary>
/// Finds documents that hold every word: in text fields by their analyzer, in keywords as the whole value without regard to
/// case, in numbers and dates by value (a day finds its times).
/// </summary>
internal sealed class WordSearch(ElasticsearchClient client, IndexAdministration indexes)
{
    /// <summary>The servers' default of index.max_result_window.</summary>
    private const int MaxResultWindow = 10_000;

    private volatile bool _sortsById = true;

    public async Task<SearchPage> SearchAsync(string index, string? text, int from, int size, CancellationToken cancellationToken)
    {
        if (from < 0 || size < 0 || from + (long)size > MaxResultWindow)
        {
            throw new TidemillException(
                ErrorCode.InvalidRequest, $"A search reaches the first {MaxResultWindow} hits; from {from} with size {size} lies outside.");
        }

        var fields = await indexes.FieldsAsync(index, cancellationToken) ?? throw ElasticsearchErrors.NoIndex(client.Description, index);
        var answer = await RequestAsync(index, Query(text, fields), from, size, cancellationToken);
        if (!answer.IsSuccess && _sortsById)
        {
            // Elasticsearch 8 sorts by id only where indices.id_field_data.enabled is set; then the order is that of writing.
            _sortsById = false;
            answer = await RequestAsync(index, Query(text, fields), from, size, cancellationToken);
        }

        if (!answer.IsSuccess)
            throw ElasticsearchErrors.Of(client.Description, $"search index {index}", answer);

        var hits = answer.Root.GetProperty("hits");
        return new SearchPage(
            hits.GetProperty("total").GetProperty("value").GetInt64(), [.. hits.GetProperty("hits").EnumerateArray().Select(Hit)]);
    }

    public static SearchHit Hit(JsonElement hit) => new(
        hit.GetProperty("_id").GetString()!,
        hit.TryGetProperty("_version", out var version) ? version.GetInt64() : 0,
        hit.GetProperty("_source").Clone());

    private Task<ElasticsearchAnswer> RequestAsync(string index, JsonObject query, int from, int size, CancellationToken cancellationToken)
    {
        var body = new JsonObject
        {
            ["from"] = from,
            ["size"] = size,
            ["version"] = true,
            ["track_total_hits"] = true,
            ["sort"] = new JsonArray(_sortsById ? "_id" : "_seq_no"),
            ["query"] = query,
        };
        return client.SendAsync(HttpMethod.Post, $"{Uri.EscapeDataString(index)}/_search", body.ToJsonString(), cancellationToken);
    }

    private static JsonObject Query(string? text, IReadOnlyDictionary<string, string> fields)
    {
        var words = (text ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Where(word => SearchWords.Of(word).Count > 0)
            .ToList();
        if (words.Count == 0)
            return new JsonObject { ["match_all"] = new JsonObject() };

        var keywords = fields.Where(f => f.Value == "keyword").Select(f => f.Key).ToList();
        return new JsonObject
        {
            ["bool"] = new JsonObject { ["must"] = new JsonArray([.. words.Select(word => Anywhere(word, fields, keywords))]) },
        };
    }

    private static JsonObject Anywhere(string word, IReadOnlyDictionary<string, string> fields, List<string> keywords)
    {
        var clauses = new List<JsonNode>();
        var others = fields.Keys.Except(keywords).ToList();
        if (others.Count > 0)
        {
            clauses.Add(new JsonObject
            {
                ["multi_match"] = new JsonObject
                {
                    ["query"] = word,
                    ["fields"] = new JsonArray([.. others.Select(name => JsonValue.Create(name))]),
                    ["lenient"] = true,
                    ["operator"] = "and",
                },
            });
        }

        clauses.AddRange(keywords.Select(name => new JsonObject
        {
            ["term"] = new JsonObject { [name] = new JsonObject { ["value"] = word, ["case_insensitive"] = true } },
        }));
        return new JsonObject { ["bool"] = new JsonObject { ["should"] = new JsonArray([.. clauses]) } };
    }
}
