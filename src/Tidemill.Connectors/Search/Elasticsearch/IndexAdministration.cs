using System.Text.Json;
using System.Text.Json.Nodes;
using Tidemill.Core.Errors;
using Tidemill.Core.Search;

namespace Tidemill.Connectors.Search.Elasticsearch;

/// <summary>Makes indexes and their templates, and finds out what is there. Names here are the server's, with the prefix.</summary>
internal sealed class IndexAdministration(ElasticsearchClient client, LifecyclePolicies policies)
{
    /// <summary>Above the servers' own templates for logs-*-* and metrics-*-*, which have 100.</summary>
    private const int TemplatePriority = 200;

    private readonly string _prefix = client.Connection.Prefix;

    public async Task EnsureAsync(string index, IndexSettings settings, CancellationToken cancellationToken)
    {
        CheckTypes(index, settings.Mapping);
        while (true)
        {
            var answer = await client.GetAsync(Uri.EscapeDataString(index), cancellationToken);
            if (answer.IsSuccess)
            {
                await ExtendAsync(index, answer.Root, settings, cancellationToken);
                return;
            }

            if (answer.Status != 404)
                throw ElasticsearchErrors.Of(client.Description, $"look at index {index}", answer);

            if (await CreateAsync(index, settings, cancellationToken))
                return;
        }
    }

    public async Task<IReadOnlyList<string>> PrepareAsync(string pattern, IndexSettings settings, CancellationToken cancellationToken)
    {
        CheckTypes(pattern, settings.Mapping);
        var notes = new List<string>();
        if (settings.Lifecycle is { } lifecycle && await policies.PutAsync(lifecycle, pattern, cancellationToken) is { } note)
            notes.Add(note);

        if (settings.Template is { } template)
        {
            var body = new JsonObject
            {
                ["index_patterns"] = new JsonArray(pattern),
                ["priority"] = TemplatePriority,
                ["template"] = Body(settings),
                ["_meta"] = new JsonObject { ["managed_by"] = "tidemill" },
            };
            var answer = await client.SendAsync(
                HttpMethod.Put, $"_index_template/{_prefix}{template}", body.ToJsonString(), cancellationToken);
            if (!answer.IsSuccess)
                throw ElasticsearchErrors.Of(client.Description, $"write index template {_prefix}{template}", answer);
        }

        return notes;
    }

    /// <summary>Open indexes that match, without hidden ones, in name order.</summary>
    public async Task<IReadOnlyList<IndexDescription>> ListAsync(CancellationToken cancellationToken)
    {
        var counts = await client.GetAsync(
            $"_cat/indices/{_prefix}*?format=json&h=index,docs.count&expand_wildcards=open", cancellationToken);
        var mappings = await client.GetAsync($"{_prefix}*/_mapping?expand_wildcards=open", cancellationToken);
        if (!counts.IsSuccess || !mappings.IsSuccess)
            throw ElasticsearchErrors.Of(client.Description, "list indexes", counts.IsSuccess ? mappings : counts);

        var fields = mappings.Root;
        return [.. counts.Root.EnumerateArray()
            .Select(row => (Name: row.GetProperty("index").GetString()!, Documents: row.GetProperty("docs.count").GetString()))
            .Where(row => !row.Name.StartsWith('.') && fields.TryGetProperty(row.Name, out _))
            .Select(row => new IndexDescription(
                row.Name[_prefix.Length..],
                long.Parse(row.Documents ?? "0", System.Globalization.CultureInfo.InvariantCulture),
                new IndexMapping(Flatten(fields.GetProperty(row.Name).GetProperty("mappings")))))
            .OrderBy(index => index.Name, StringComparer.Ordinal)];
    }

    /// <summary>The fields of an index or of all behind an alias; null when there is none.</summary>
    public async Task<IReadOnlyDictionary<string, string>?> FieldsAsync(string index, CancellationToken cancellationToken)
    {
        var answer = await client.GetAsync($"{Uri.EscapeDataString(index)}/_mapping", cancellationToken);
        if (answer.Status == 404)
            return null;

        if (!answer.IsSuccess)
            throw ElasticsearchErrors.Of(client.Description, $"read the mapping of {index}", answer);

        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, type) in answer.Root.EnumerateObject().SelectMany(i => Flatten(i.Value.GetProperty("mappings"))))
            fields[name] = type;

        return fields;
    }

    /// <summary>False when another has made it meanwhile.</summary>
    private async Task<bool> CreateAsync(string index, IndexSettings settings, CancellationToken cancellationToken)
    {
        var answer = await client.SendAsync(HttpMethod.Put, Uri.EscapeDataString(index), Body(settings).ToJsonString(), cancellationToken);
        if (answer.IsSuccess)
        {
            await policies.AttachAsync(settings.Lifecycle, index, isNew: true, cancellationToken);
            return true;
        }

        return answer.ErrorType == "resource_already_exists_exception"
            ? false
            : throw ElasticsearchErrors.Of(client.Description, $"create index {index}", answer);
    }

    private async Task ExtendAsync(string index, JsonElement found, IndexSettings settings, CancellationToken cancellationToken)
    {
        foreach (var real in found.EnumerateObject())
        {
            var present = Flatten(real.Value.GetProperty("mappings"));
            foreach (var (field, type) in settings.Mapping.Fields)
            {
                if (present.TryGetValue(field, out var there) && there != type)
                {
                    throw new TidemillException(
                        ErrorCode.SchemaConflict,
                        $"Field {field} of index {real.Name} is {there} and cannot become {type}; write to another index, or delete "
                            + $"this one and replay the topic.");
                }
            }

            await AddFieldsAsync(
                real.Name, settings.Mapping.Fields.Where(f => !present.ContainsKey(f.Key)).ToDictionary(), cancellationToken);
            var aliases = settings.Aliases.Select(alias => _prefix + alias)
                .Where(alias => !real.Value.GetProperty("aliases").TryGetProperty(alias, out _)).ToList();
            await AddAliasesAsync(real.Name, aliases, cancellationToken);
            await policies.AttachAsync(settings.Lifecycle, real.Name, isNew: false, cancellationToken);
        }
    }

    private async Task AddFieldsAsync(string index, Dictionary<string, string> fields, CancellationToken cancellationToken)
    {
        if (fields.Count == 0)
            return;

        var answer = await client.SendAsync(
            HttpMethod.Put, $"{Uri.EscapeDataString(index)}/_mapping", Mappings(fields).ToJsonString(), cancellationToken);
        if (!answer.IsSuccess)
        {
            var error = ElasticsearchErrors.Of(
                client.Description, $"add {string.Join(", ", fields.Select(f => $"{f.Key} as {f.Value}"))} to index {index}", answer);
            throw new TidemillException(ErrorCode.SchemaConflict, error.Message, error);
        }
    }

    private async Task AddAliasesAsync(string index, List<string> aliases, CancellationToken cancellationToken)
    {
        if (aliases.Count == 0)
            return;

        var actions = new JsonArray(
            [.. aliases.Select(alias => new JsonObject { ["add"] = new JsonObject { ["index"] = index, ["alias"] = alias } })]);
        var answer = await client.SendAsync(
            HttpMethod.Post, "_aliases", new JsonObject { ["actions"] = actions }.ToJsonString(), cancellationToken);
        if (!answer.IsSuccess)
            throw ElasticsearchErrors.Of(client.Description, $"add aliases to index {index}", answer);
    }

    private JsonObject Body(IndexSettings settings)
    {
        var index = new JsonObject();
        if (settings.Shards is { } shards)
            index["index.number_of_shards"] = shards;

        if (settings.Replicas is { } replicas)
            index["index.number_of_replicas"] = replicas;

        if (policies.SettingOf(settings.Lifecycle) is { } policy)
            index["index.lifecycle.name"] = policy;

        return new JsonObject
        {
            ["settings"] = index,
            ["mappings"] = Mappings(settings.Mapping.Fields),
            ["aliases"] = new JsonObject(
                settings.Aliases.Select(alias => KeyValuePair.Create<string, JsonNode?>(_prefix + alias, new JsonObject()))),
        };
    }

    private static JsonObject Mappings(IReadOnlyDictionary<string, string> fields) => new()
    {
        ["properties"] = new JsonObject(
            fields.Select(f => KeyValuePair.Create<string, JsonNode?>(f.Key, new JsonObject { ["type"] = f.Value }))),
    };

    /// <summary>Fields of objects have dotted names; a field without properties and type holds nothing.</summary>
    private static Dictionary<string, string> Flatten(JsonElement mapping)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        Walk("", mapping);
        return fields;

        void Walk(string prefix, JsonElement parent)
        {
            if (!parent.TryGetProperty("properties", out var properties))
                return;

            foreach (var property in properties.EnumerateObject())
            {
                if (property.Value.TryGetProperty("type", out var type) && !property.Value.TryGetProperty("properties", out _))
                    fields[prefix + property.Name] = type.GetString() ?? "";

                Walk($"{prefix}{property.Name}.", property.Value);
            }
        }
    }

    private static void CheckTypes(string index, IndexMapping mapping)
    {
        foreach (var (name, type) in mapping.Fields.Where(field => !IndexTypes.All.Contains(field.Value)))
        {
            throw new TidemillException(
                ErrorCode.InvalidRequest,
                $"Field {name} of index {index} has type {type}, which is none of {string.Join(", ", IndexTypes.All)}.");
        }
    }
}
