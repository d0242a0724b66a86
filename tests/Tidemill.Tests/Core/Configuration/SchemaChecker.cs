using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Tidemill.Core.Configuration;
using Tidemill.Core.Configuration.Yaml;

namespace Tidemill.Tests.Core.Configuration;

/// <summary>Checks JSON against the part of JSON Schema that the committed schemas use; any other keyword fails the test.</summary>
internal static class SchemaChecker
{
    public static IReadOnlyList<string> Check(JsonObject schema, JsonNode? value)
    {
        var errors = new List<string>();
        Check(schema, schema, value, "$", errors);
        return errors;
    }

    private static void Check(JsonObject root, JsonObject schema, JsonNode? value, string path, List<string> errors)
    {
        foreach (var (keyword, rule) in schema)
        {
            if (!Holds(root, schema, keyword, rule!, value, path, errors))
                errors.Add($"{path}: {keyword}");
        }
    }

    private static bool Holds(
        JsonObject root, JsonObject schema, string keyword, JsonNode rule, JsonNode? value, string path, List<string> errors)
    {
        switch (keyword)
        {
            case "$schema" or "title" or "description" or "definitions":
                return true;
            case "$ref":
                Check(root, root["definitions"]![rule.GetValue<string>()["#/definitions/".Length..]]!.AsObject(), value, path, errors);
                return true;
            case "type":
                return (rule as JsonArray)?.Any(t => IsOf(t!.GetValue<string>(), value)) ?? IsOf(rule.GetValue<string>(), value);
            case "enum":
                return rule.AsArray().Any(v => JsonNode.DeepEquals(v, value));
            case "anyOf":
                return rule.AsArray().Any(s => Try(root, s!.AsObject(), value, path));
            case "pattern":
                return value?.GetValueKind() != JsonValueKind.String
                    || Regex.IsMatch(value.GetValue<string>(), rule.GetValue<string>(), RegexOptions.ECMAScript);
            case "minimum":
                return !IsOf("number", value) || Number(value!) >= Number(rule);
            case "maximum":
                return !IsOf("number", value) || Number(value!) <= Number(rule);
            case "items":
                for (var i = 0; i < (value as JsonArray)?.Count; i++)
                    Check(root, rule.AsObject(), value[i], $"{path}[{i}]", errors);

                return true;
            case "minItems":
                return value is not JsonArray list || list.Count >= rule.GetValue<int>();
            default:
                return HoldsForObject(root, schema, keyword, rule, value as JsonObject, path, errors);
        }
    }

    private static bool HoldsForObject(
        JsonObject root, JsonObject schema, string keyword, JsonNode rule, JsonObject? value, string path, List<string> errors)
    {
        switch (keyword)
        {
            case "properties":
                foreach (var (name, child) in value ?? [])
                {
                    if (rule[name] is JsonObject inner)
                        Check(root, inner, child, $"{path}.{name}", errors);
                }

                return true;
            case "additionalProperties":
                var others = (value ?? []).Where(p => schema["properties"]?[p.Key] is null).ToList();
                if (rule is not JsonObject other)
                    return others.Count == 0;

                foreach (var (name, child) in others)
                    Check(root, other, child, $"{path}.{name}", errors);

                return true;
            case "propertyNames":
                return value is null || value.All(p => Try(root, rule.AsObject(), JsonValue.Create(p.Key), path));
            case "required":
                return value is null || rule.AsArray().All(r => value.ContainsKey(r!.GetValue<string>()));
            case "minProperties":
                return value is null || value.Count >= rule.GetValue<int>();
            case "maxProperties":
                return value is null || value.Count <= rule.GetValue<int>();
            default:
                throw new NotSupportedException($"The schema uses '{keyword}', which this checker does not know.");
        }
    }

    private static bool Try(JsonObject root, JsonObject schema, JsonNode? value, string path)
    {
        var errors = new List<string>();
        Check(root, schema, value, path, errors);
        return errors.Count == 0;
    }

    private static bool IsOf(string type, JsonNode? value) => type switch
    {
        "null" => value is null,
        "object" => value is JsonObject,
        "array" => value is JsonArray,
        "string" => value?.GetValueKind() == JsonValueKind.String,
        "boolean" => value?.GetValueKind() is JsonValueKind.True or JsonValueKind.False,
        "number" => value?.GetValueKind() == JsonValueKind.Number,
        "integer" => value?.GetValueKind() == JsonValueKind.Number && Number(value) % 1 == 0,
        _ => throw new NotSupportedException($"The schema uses the type '{type}'."),
    };

    private static decimal Number(JsonNode value) => decimal.Parse(value.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture);
}

/// <summary>YAML as JSON by YAML's core schema, as an editor sees it.</summary>
internal static class YamlAsJson
{
    public static JsonNode? Read(string yaml)
    {
        var errors = new List<Tidemill.Core.Errors.ConfigError>();
        var root = YamlTreeReader.Read(yaml, new FileReport("test.yaml", errors));
        Assert.Empty(errors);
        return Convert(root!);
    }

    private static JsonNode? Convert(ConfigNode node) => node switch
    {
        MappingNode map => new JsonObject(map.Entries.Select(e => KeyValuePair.Create(e.Key, Convert(e.Value)))),
        SequenceNode list => new JsonArray([.. list.Items.Select(Convert)]),
        ScalarNode { IsNull: true } => null,
        ScalarNode { Plain: true, Text: "true" or "false" } flag => JsonValue.Create(flag.Text == "true"),
        ScalarNode { Plain: true } scalar when decimal.TryParse(
            scalar.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) =>
            JsonValue.Create(number),
        ScalarNode scalar => JsonValue.Create(scalar.Text),
        _ => throw new NotSupportedException(node.GetType().Name),
    };
}
