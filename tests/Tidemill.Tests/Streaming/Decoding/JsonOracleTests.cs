using System.Text;
using System.Text.Json;
using Tidemill.Core.Configuration;
using Tidemill.Core.Schemas;

namespace Tidemill.Tests.Streaming.Decoding;

/// <summary>System.Text.Json is the oracle: it must accept what the decoder accepts, with equal values, and nothing else.</summary>
public sealed class JsonOracleTests
{
    private const int Documents = 2500;
    private const int MutationsEach = 8;

    /// <summary>Fields that take any value of their type, so that only JSON's grammar and double names reject.</summary>
    private static readonly DecodeDefinition Anything = new()
    {
        Fields =
        [
            new DecodeField("a", new FieldType(FieldKind.Json)),
            new DecodeField("b", new FieldType(FieldKind.Text)),
            new DecodeField("n", new FieldType(FieldKind.Json)) { Path = ["o", "n"] },
            new DecodeField("o", new FieldType(FieldKind.Json)),
        ],
        Lenient = true,
        ExtraColumn = "extra",
    };

    [Fact]
    public void Random_and_mutated_documents_are_accepted_and_rejected_as_by_the_oracle()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        using var run = new DecodeRun(Anything);
        var accepted = 0;
        for (var i = 0; i < Documents; i++)
        {
            var document = Encoding.UTF8.GetBytes(RandomJson.Object(random));
            for (var m = 0; m <= MutationsEach; m++)
            {
                var bytes = m == 0 ? document : ByteMutation.Mutate(document, random);
                var expected = Oracle(bytes);
                var decoded = run.TryDecode(bytes, out var failure);
                Assert.True(
                    decoded == (expected is not null),
                    $"seed {seed}: decoder {(decoded ? "accepts" : "rejects: " + failure.Reason)}, oracle does not agree: "
                        + $"{Convert.ToHexString(bytes)} {Encoding.UTF8.GetString(bytes)}");
                if (decoded)
                {
                    accepted++;
                    AssertSame(expected!, run.Row, seed);
                }
            }
        }

        Assert.InRange(accepted, Documents / 2, Documents * MutationsEach);
    }

    /// <summary>Null: not a JSON object of valid strings, or a declared name stands twice in its object.</summary>
    private static Dictionary<string, JsonElement>? Oracle(byte[] bytes)
    {
        try
        {
            var start = bytes.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0;
            var root = JsonDocument.Parse(bytes.AsMemory(start), new JsonDocumentOptions { MaxDepth = 64 }).RootElement;
            ReadStrings(root);
            if (root.ValueKind != JsonValueKind.Object)
                return null;

            var values = new Dictionary<string, JsonElement>();
            foreach (var property in root.EnumerateObject())
            {
                if (!values.TryAdd(property.Name, property.Value) && property.Name is "a" or "b" or "o")
                    return null;
            }

            return IsUsable(values) ? values : null;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static bool IsUsable(Dictionary<string, JsonElement> values) =>
        !values.TryGetValue("o", out var inner)
        || inner.ValueKind == JsonValueKind.Null
        || (inner.ValueKind == JsonValueKind.Object && inner.EnumerateObject().Count(p => p.Name == "n") <= 1);

    /// <summary>GetString checks UTF-8 and surrogates, which parsing alone does not.</summary>
    private static void ReadStrings(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                _ = element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                    ReadStrings(item);

                break;
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject())
                {
                    _ = property.Name;
                    ReadStrings(property.Value);
                }

                break;
        }
    }

    private static void AssertSame(Dictionary<string, JsonElement> expected, object?[] row, int seed)
    {
        JsonElement? inner = expected.TryGetValue("o", out var o) && o.ValueKind == JsonValueKind.Object ? o : null;
        Check("a", Raw(expected, "a"), row[0]);
        Check(
            "b", expected.TryGetValue("b", out var b) && b.ValueKind == JsonValueKind.String ? b.GetString() : Raw(expected, "b"), row[1]);
        Check(
            "n",
            inner is { } found && found.TryGetProperty("n", out var n) && n.ValueKind != JsonValueKind.Null ? n.GetRawText() : null,
            row[2]);
        Check("o", Raw(expected, "o"), row[3]);
        var others = expected.Keys.Where(name => name is not ("a" or "b" or "o")).ToList();
        if (others.Count == 0)
        {
            Check("extra", null, row[4]);
            return;
        }

        var extra = JsonDocument.Parse((string)row[4]!).RootElement;
        Assert.Equal(others.Order(), extra.EnumerateObject().Select(p => p.Name).Distinct().Order());

        void Check(string name, string? value, object? cell) =>
            Assert.True(Equals(value, cell), $"seed {seed}: {name} is {cell}, expected {value}");
    }

    private static string? Raw(Dictionary<string, JsonElement> values, string name) =>
        values.TryGetValue(name, out var value) && value.ValueKind != JsonValueKind.Null ? value.GetRawText() : null;
}
