using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Configuration.Yaml;
using Tidemill.Core.Schemas;

namespace Tidemill.Core.Configuration.Binding;

/// <summary>Turns <c>decode</c> into its record.</summary>
internal static class DecodeBinder
{
    private static readonly string[] Reserved = ["_topic", "_partition", "_offset", "_timestamp", "_key"];

    /// <summary>Stands in for a type that was reported, so that references to the column still hold.</summary>
    private static readonly FieldType Unknown = new(FieldKind.Text);

    public static DecodeDefinition Bind(Section decode)
    {
        decode.Text("format");
        var fields = new List<DecodeField>();
        foreach (var entry in decode.Entries("fields"))
        {
            fields.Add(BindField(entry, decode));
            CheckName(entry.Key, $"fields.{entry.Key}", entry.KeyLine, decode);
            if (fields.SkipLast(1).Any(f => f.Name.Equals(entry.Key, StringComparison.OrdinalIgnoreCase)))
            {
                decode.Error(
                    $"fields.{entry.Key}",
                    entry.KeyLine,
                    $"The column '{entry.Key}' differs from another only in case.",
                    "Rename one of the two; SQL sees no difference.");
            }
        }

        var extra = decode.Text("extra");
        if (extra is not null)
            CheckExtra(extra, fields, decode);

        return new DecodeDefinition
        {
            Fields = fields,
            Lenient = decode.Flag("lenient", false),
            ExtraColumn = extra,
            Ignore = [.. decode.Texts("ignore").Select(t => t.Text)],
        };
    }

    private static void CheckExtra(string extra, List<DecodeField> fields, Section decode)
    {
        CheckName(extra, "extra", decode.Line("extra"), decode);
        if (fields.Any(f => f.Name.Equals(extra, StringComparison.OrdinalIgnoreCase)))
            decode.Error("extra", $"The column '{extra}' is also a field.", "Choose another name for the column.");
    }

    private static void CheckName(string name, string path, int line, Section decode)
    {
        if (Reserved.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            decode.Error(
                path,
                line,
                $"'{name}' is a column that every batch has already.",
                "Choose another name; use `path` to read this property.");
        }
    }

    private static DecodeField BindField(MappingEntry entry, Section decode)
    {
        if (entry.Value is ScalarNode scalar)
            return new DecodeField(entry.Key, FieldType.TryParse(scalar.Text, out var type) ? type : Unknown);

        if (entry.Value is not MappingNode node)
            return new DecodeField(entry.Key, Unknown);

        var field = new Section(node, StreamShapes.DecodeField, $"{decode.Path}.fields.{entry.Key}", decode.Context);
        var known = FieldType.TryParse(field.Text("type") ?? "", out var fieldType);
        var result = new DecodeField(entry.Key, known ? fieldType : Unknown)
        {
            Path = BindPath(field) ?? [entry.Key],
            Required = field.Flag("required", false),
            Default = field.Value("default") is { } value ? Json(value)?.ToJsonString() : null,
            TimestampFormat = field.Choice("format", TimestampFormat.Iso8601),
        };
        if (known)
            Check(result, field);

        return result;
    }

    private static string[]? BindPath(Section field) => field.Value("path") switch
    {
        ScalarNode scalar => scalar.Text.Split('.'),
        SequenceNode => [.. field.Texts("path").Select(t => t.Text)],
        _ => null,
    };

    private static void Check(DecodeField result, Section field)
    {
        if (result.Required && result.Default is not null)
            field.Error("default", "A required field has no use for a default.", "Remove 'default', or remove 'required'.");
        else if (result.Default is not null && !Fits(result.Default, result.Type.Kind))
            field.Error("default", $"The default is not of type {result.Type}.", "Write a value of the field's type.");

        if (field.Has("format") && result.Type.Kind is not (FieldKind.Timestamp or FieldKind.TimestampTz))
        {
            field.Error(
                "format",
                $"'format' belongs to timestamps; this field is of type {result.Type}.",
                "Remove 'format', or write `type: timestamp`.");
        }
    }

    /// <summary>True unless the default can be seen to be of another kind; the decoder has the last word.</summary>
    private static bool Fits(string json, FieldKind kind)
    {
        using var document = JsonDocument.Parse(json);
        var value = document.RootElement;
        return kind switch
        {
            FieldKind.Json => true,
            FieldKind.Boolean => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            FieldKind.Float or FieldKind.Double or FieldKind.Decimal or FieldKind.HugeInt => value.ValueKind == JsonValueKind.Number,
            FieldKind.UInt8 or FieldKind.UInt16 or FieldKind.UInt32 or FieldKind.UInt64 =>
                value.ValueKind == JsonValueKind.Number && value.TryGetUInt64(out _),
            FieldKind.Int8 or FieldKind.Int16 or FieldKind.Int32 or FieldKind.Int64 =>
                value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
            FieldKind.Timestamp or FieldKind.TimestampTz => value.ValueKind is JsonValueKind.String or JsonValueKind.Number,
            FieldKind.Uuid => value.ValueKind == JsonValueKind.String && value.TryGetGuid(out _),
            _ => value.ValueKind == JsonValueKind.String,
        };
    }

    /// <summary>The YAML value as JSON: plain numbers, true, false and null by YAML's core schema, all else text.</summary>
    private static JsonNode? Json(ConfigNode node) => node switch
    {
        MappingNode map => new JsonObject(map.Entries.Select(e => KeyValuePair.Create(e.Key, Json(e.Value)))),
        SequenceNode list => new JsonArray([.. list.Items.Select(Json)]),
        ScalarNode { IsNull: true } => null,
        ScalarNode { Plain: true } scalar when scalar.Text is "true" or "false" => JsonValue.Create(scalar.Text == "true"),
        ScalarNode { Plain: true } scalar when IsNumber(scalar.Text) => JsonNode.Parse(scalar.Text),
        ScalarNode scalar => JsonValue.Create(scalar.Text),
        _ => throw new InvalidOperationException($"{node.GetType().Name} has no JSON."),
    };

    private static bool IsNumber(string text)
    {
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _))
            return false;

        try
        {
            return JsonNode.Parse(text) is JsonValue;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
