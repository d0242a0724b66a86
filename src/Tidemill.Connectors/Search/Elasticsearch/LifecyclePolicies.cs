using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Search;

namespace Tidemill.Connectors.Search.Elasticsearch;

/// <summary>
/// Lifecycle policies: index lifecycle management (<c>_ilm</c>, named in the index's settings) on Elasticsearch, index
/// state management (<c>_plugins/_ism</c>, which finds new indexes by a pattern in the policy) on OpenSearch.
/// </summary>
internal sealed class LifecyclePolicies(ElasticsearchClient client)
{
    private const int Priority = 200;

    private readonly ConcurrentDictionary<string, bool> _written = new();
    private readonly bool _isOpenSearch = client.Connection.Type == SearchType.OpenSearch;

    private string Product => _isOpenSearch ? "index state management (the ISM plugin)" : "index lifecycle management (ILM)";

    /// <summary>The index setting that binds to the policy; null where the policy finds its indexes, or is not there.</summary>
    public string? SettingOf(LifecycleDefinition? lifecycle) =>
        lifecycle is not null && !_isOpenSearch && _written.ContainsKey(lifecycle.Policy) ? Name(lifecycle) : null;

    /// <summary>Writes the policy. Returns a note when the server has no lifecycles and the definition lets that pass.</summary>
    public async Task<string?> PutAsync(LifecycleDefinition lifecycle, string pattern, CancellationToken cancellationToken)
    {
        var answer = _isOpenSearch
            ? await PutStatesAsync(lifecycle, pattern, cancellationToken)
            : await client.SendAsync(HttpMethod.Put, $"_ilm/policy/{Name(lifecycle)}", Phases(lifecycle).ToJsonString(), cancellationToken);
        if (answer.IsSuccess)
        {
            _written[lifecycle.Policy] = true;
            return null;
        }

        // A server without the function takes the path for that of an index, or knows no handler for it.
        if (answer.Status is not (404 or 405) && !(answer.Status == 400 && answer.ErrorType is "" or "invalid_index_name_exception"))
            throw ElasticsearchErrors.Of(client.Description, $"write lifecycle policy {Name(lifecycle)}", answer);

        return lifecycle.Optional
            ? $"{client.Description} has no {Product}: indexes {pattern} are kept for ever."
            : throw new TidemillException(
                ErrorCode.ConfigurationInvalid,
                $"{client.Description} has no {Product}, which the lifecycle of {pattern} needs. Remove `lifecycle`, or add `optional: "
                    + $"true` to it.");
    }

    /// <summary>Puts an index that stood before the policy under it; an index that has a policy keeps it.</summary>
    public async Task AttachAsync(LifecycleDefinition? lifecycle, string index, bool isNew, CancellationToken cancellationToken)
    {
        if (lifecycle is null || isNew || !_written.ContainsKey(lifecycle.Policy))
            return;

        var answer = _isOpenSearch
            ? await client.SendAsync(
                HttpMethod.Post,
                $"_plugins/_ism/add/{Uri.EscapeDataString(index)}",
                new JsonObject { ["policy_id"] = Name(lifecycle) }.ToJsonString(),
                cancellationToken)
            : await client.SendAsync(
                HttpMethod.Put,
                $"{Uri.EscapeDataString(index)}/_settings",
                new JsonObject { ["index.lifecycle.name"] = Name(lifecycle) }.ToJsonString(),
                cancellationToken);
        if (!answer.IsSuccess)
            throw ElasticsearchErrors.Of(client.Description, $"put index {index} under lifecycle policy {Name(lifecycle)}", answer);
    }

    private string Name(LifecycleDefinition lifecycle) => client.Connection.Prefix + lifecycle.Policy;

    /// <summary>A policy that is there is replaced only at the sequence number it was read at.</summary>
    private async Task<ElasticsearchAnswer> PutStatesAsync(
        LifecycleDefinition lifecycle, string pattern, CancellationToken cancellationToken)
    {
        var path = $"_plugins/_ism/policies/{Name(lifecycle)}";
        var there = await client.GetAsync(path, cancellationToken);
        var at = there.IsSuccess && there.Root.TryGetProperty("_seq_no", out var number)
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"?if_seq_no={number.GetInt64()}&if_primary_term={there.Root.GetProperty("_primary_term").GetInt64()}")
            : "";
        return await client.SendAsync(HttpMethod.Put, path + at, States(lifecycle, pattern).ToJsonString(), cancellationToken);
    }

    private static JsonObject Phases(LifecycleDefinition lifecycle)
    {
        var phases = new JsonObject { ["hot"] = new JsonObject { ["actions"] = new JsonObject() } };
        if (lifecycle.ReadOnlyAfter is { } settle)
        {
            phases["warm"] = new JsonObject
            {
                ["min_age"] = Age(settle),
                ["actions"] =
                    new JsonObject { ["readonly"] = new JsonObject(), ["forcemerge"] = new JsonObject { ["max_num_segments"] = 1 } },
            };
        }

        if (lifecycle.DeleteAfter is { } delete)
            phases["delete"] = new JsonObject { ["min_age"] = Age(delete), ["actions"] = new JsonObject { ["delete"] = new JsonObject() } };

        return new JsonObject { ["policy"] = new JsonObject { ["phases"] = phases } };
    }

    private static JsonObject States(LifecycleDefinition lifecycle, string pattern)
    {
        var states = new List<JsonObject> { State("hot") };
        if (lifecycle.ReadOnlyAfter is { } settle)
        {
            Enter(
                "settled",
                settle,
                new JsonObject { ["read_only"] = new JsonObject() },
                new JsonObject { ["force_merge"] = new JsonObject { ["max_num_segments"] = 1 } });
        }

        if (lifecycle.DeleteAfter is { } delete)
            Enter("deleted", delete, new JsonObject { ["delete"] = new JsonObject() });

        return new JsonObject
        {
            ["policy"] = new JsonObject
            {
                ["description"] = "Written by Tidemill.",
                ["default_state"] = "hot",
                ["states"] = new JsonArray([.. states]),
                ["ism_template"] = new JsonArray(new JsonObject { ["index_patterns"] = new JsonArray(pattern), ["priority"] = Priority }),
            },
        };

        void Enter(string name, TimeSpan age, params JsonNode[] actions)
        {
            states[^1]["transitions"] = new JsonArray(new JsonObject
            {
                ["state_name"] = name,
                ["conditions"] = new JsonObject { ["min_index_age"] = Age(age) },
            });
            states.Add(State(name, actions));
        }
    }

    private static JsonObject State(string name, params JsonNode[] actions) =>
        new() { ["name"] = name, ["actions"] = new JsonArray(actions), ["transitions"] = new JsonArray() };

    /// <summary>Both servers take whole units only.</summary>
    private static string Age(TimeSpan age) => age.Ticks % TimeSpan.TicksPerDay == 0
        ? string.Create(CultureInfo.InvariantCulture, $"{age.Days}d")
        : string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(age.TotalSeconds)}s");
}
