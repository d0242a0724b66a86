using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tidemill.Core.Configuration.Values;

namespace Tidemill.Core.Configuration.Shapes;

/// <summary>Writes shapes as JSON Schema, draft 7, which the YAML editors understand.</summary>
internal static class JsonSchemaWriter
{
    private static readonly JsonSerializerOptions Indented =
        new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(ObjectShape root, string title)
    {
        var schema = Object(root);
        schema.Insert(0, "$schema", "http://json-schema.org/draft-07/schema#");
        schema.Insert(1, "title", title);
        schema["definitions"] = new JsonObject
        {
            ["variable"] = new JsonObject
            {
                ["description"] = "A value with a variable in it: ${NAME}, ${NAME:-default}, ${file:path} or ${file:path:-default}.",
                ["type"] = "string",
                ["pattern"] = "\\$\\{",
            },
        };
        return schema.ToJsonString(Indented) + "\n";
    }

    private static JsonObject Any(Shape shape) => shape switch
    {
        AnyShape => [],
        ScalarShape scalar => Scalar(scalar),
        ListShape list => List(list),
        MapShape map => Map(map),
        ObjectShape keys => Object(keys),
        KindShape kinds => AnyOf([.. kinds.Kinds.Select(kind => Object(kind.Keys))]),
        EitherShape either => AnyOf([.. new Shape?[] { either.Scalar, either.List, either.Mapping }.OfType<Shape>().Select(Any)]),
        _ => throw new InvalidOperationException($"{shape.GetType().Name} has no schema."),
    };

    private static JsonObject Scalar(ScalarShape shape) => shape switch
    {
        TextShape { Pattern: null } => new JsonObject { ["type"] = new JsonArray("string", "number", "boolean") },
        TextShape text => Variable(new JsonObject { ["type"] = "string", ["pattern"] = text.Pattern }),
        NumberShape number => Variable(new JsonObject
        {
            ["type"] = number.Whole ? "integer" : "number",
            ["minimum"] = (decimal)number.Min,
            ["maximum"] = (decimal)number.Max,
        }),
        BooleanShape => Variable(new JsonObject { ["type"] = "boolean" }),
        ChoiceShape choice => Variable(new JsonObject { ["enum"] = new JsonArray([.. choice.Values.Select(v => (JsonNode)v)]) }),
        DurationShape => Variable(new JsonObject { ["type"] = "string", ["pattern"] = DurationText.Pattern }),
        SizeShape => AnyOf(
            new JsonObject { ["type"] = "integer", ["minimum"] = 0 },
            new JsonObject { ["type"] = "string", ["pattern"] = ByteSizeText.Pattern },
            Reference()),
        _ => new JsonObject { ["type"] = "string" },
    };

    private static JsonObject List(ListShape list)
    {
        var schema = new JsonObject { ["type"] = "array", ["items"] = Any(list.Item) };
        if (list.MinItems > 0)
            schema["minItems"] = list.MinItems;

        return schema;
    }

    private static JsonObject Map(MapShape map)
    {
        var value = Any(map.Value);
        if (map.Value is ObjectShape keys && keys.Properties.All(p => !p.Required))
            value["type"] = new JsonArray("object", "null");

        var schema = new JsonObject { ["type"] = "object", ["additionalProperties"] = value };
        if (map.Key is TextShape { Pattern: { } pattern })
            schema["propertyNames"] = new JsonObject { ["pattern"] = pattern };

        if (map.MinEntries > 0)
            schema["minProperties"] = map.MinEntries;

        return schema;
    }

    private static JsonObject Object(ObjectShape shape)
    {
        var properties = new JsonObject();
        foreach (var property in shape.Properties)
        {
            var schema = Any(property.Shape);
            if (property.Nullable)
                schema = AnyOf(schema, new JsonObject { ["type"] = "null" });

            schema["description"] = Describe(property);
            properties[property.Key] = schema;
        }

        var result = new JsonObject { ["type"] = "object", ["properties"] = properties, ["additionalProperties"] = false };
        var required = shape.Properties.Where(p => p.Required).Select(p => (JsonNode)p.Key).ToArray();
        if (required.Length > 0)
            result["required"] = new JsonArray(required);

        if (shape.ExactlyOne)
        {
            result["minProperties"] = 1;
            result["maxProperties"] = 1;
        }

        return result;
    }

    private static string Describe(Property property)
    {
        var only = property.OnlyWith is { } with
            ? $" Only with `{with.Key}: {with.Value.Replace("|", " or ", StringComparison.Ordinal)}`."
            : "";
        var value = property.Default is null ? "" : string.Create(CultureInfo.InvariantCulture, $" Default: {property.Default}.");
        return property.Description + only + value;
    }

    private static JsonObject Variable(JsonObject schema) => AnyOf(schema, Reference());

    private static JsonObject AnyOf(params JsonObject[] schemas)
    {
        if (schemas.Length == 1)
            return schemas[0];

        var flat = schemas.SelectMany(s => s is { Count: 1 } && s["anyOf"] is JsonArray inner ? inner.Select(i => i!.DeepClone()) : [s]);
        return new JsonObject { ["anyOf"] = new JsonArray([.. flat]) };
    }

    private static JsonObject Reference() => new() { ["$ref"] = "#/definitions/variable" };
}
