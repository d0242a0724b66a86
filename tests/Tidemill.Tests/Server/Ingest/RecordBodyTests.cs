using System.Text;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Server.Api.Ingest;

namespace Tidemill.Tests.Server.Ingest;

public sealed class RecordBodyTests
{
    private static readonly IngestOptions Options = new() { MaxRecordBytes = 100 };

    [Theory]
    [InlineData("""{"a":1}""", new[] { """{"a":1}""" })]
    [InlineData(""" [ {"a":1} , 2,"x" ] """, new[] { """{"a":1}""", "2", "\"x\"" })]
    [InlineData("[]", new string[0])]
    [InlineData("""[{"records":[1]}]""", new[] { """{"records":[1]}""" })]
    [InlineData("""{"records":[1],"b":2}""", new[] { """{"records":[1],"b":2}""" })]
    [InlineData("""{"records":[{"value":{"a":1}},{"key":"k"}]}""", new[] { """{"a":1}""", null })]
    public void Json_body_gives_the_bytes_as_sent(string body, string?[] values) =>
        Assert.Equal(values, Json(body).Select(r => Text(r.Value)));

    [Theory]
    [InlineData("{\"a\":1}\n\n{\"a\":2}\r\n", new[] { """{"a":1}""", """{"a":2}""" })]
    [InlineData("{\"a\":1}", new[] { """{"a":1}""" })]
    [InlineData("\n", new string[0])]
    public void Lines_give_a_record_each(string body, string[] values) =>
        Assert.Equal(values, RecordBody.ReadLines(Encoding.UTF8.GetBytes(body), Options).Select(r => Text(r.Value)));

    [Theory]
    [InlineData("{\"a\":1}\n{\"a\":\n{}", "Line 2")]
    [InlineData("{} {}", "Line 1")]
    [InlineData("{}\n\n\nnope", "Line 4")]
    public void Broken_line_is_named(string body, string line)
    {
        var error = Assert.Throws<TidemillException>(() => RecordBody.ReadLines(Encoding.UTF8.GetBytes(body), Options));
        Assert.Equal(ErrorCode.InvalidRequest, error.Code);
        Assert.StartsWith(line + " ", error.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{} x")]
    [InlineData("[1,2")]
    [InlineData("[1],2")]
    [InlineData("""{"records":[{"value":1,"colour":2}]}""")]
    [InlineData("""{"records":[1]}""")]
    [InlineData("""{"records":[{"value":1,"timestamp":"yesterday"}]}""")]
    [InlineData("""{"records":[{"value":1,"partition":"0"}]}""")]
    [InlineData("""{"records":[{"value":1,"headers":[]}]}""")]
    [InlineData("""{"records":[{"value":1}]} x""")]
    [InlineData("""{"records":[{"key":"\ud800","value":1}]}""")]
    public void Broken_json_is_refused(string body) =>
        Assert.Equal(ErrorCode.InvalidRequest, Assert.Throws<TidemillException>(() => Json(body)).Code);

    [Fact]
    public void Envelope_sets_key_headers_timestamp_and_partition()
    {
        var record = Assert.Single(Json(
            """{"records":[{"key":"k\u0031","value":7,"headers":{"h":"v","n":null},"timestamp":1700000000123,"partition":3}]}"""));
        Assert.Equal("k1", Text(record.Key));
        Assert.Equal("7", Text(record.Value));
        Assert.Equal(1700000000123, record.Timestamp!.Value.ToUnixTimeMilliseconds());
        Assert.Equal(3, record.Partition);
        Assert.Equal(["h", "n"], record.Headers!.Select(h => h.Name));
        Assert.Null(record.Headers![1].Value);
    }

    [Theory]
    [InlineData("""{"id":"x","n":1}""", "x")]
    [InlineData("""{"n":{"id":"no"},"id":12}""", "12")]
    [InlineData("""{"id":null}""", "fixed")]
    [InlineData("""{"n":1}""", "fixed")]
    [InlineData("[1]", "fixed")]
    public void Key_comes_from_the_field_else_from_the_header(string value, string key)
    {
        var options = Options with { KeyField = "id", Key = "fixed" };
        Assert.Equal(key, Text(RecordBody.ReadLines(Encoding.UTF8.GetBytes(value), options)[0].Key));
    }

    [Theory]
    [InlineData("""{"id":null}""")]
    [InlineData("""{"n":1}""")]
    [InlineData("[1]")]
    public void Without_a_key_a_record_has_none(string value)
    {
        var bytes = Encoding.UTF8.GetBytes(value);
        Assert.Null(RecordBody.ReadLines(bytes, Options)[0].Key);
        Assert.Null(RecordBody.ReadLines(bytes, Options with { KeyField = "id" })[0].Key);
        Assert.Null(Json($$$"""{"records":[{"value":{{{value}}}}]}""")[0].Key);
        Assert.Null(Json($$$"""{"records":[{"key":null,"value":{{{value}}}}]}""")[0].Key);
    }

    [Fact]
    public void Text_nested_too_deep_is_told_from_text_that_is_no_json()
    {
        var deep = new string('[', 200) + new string(']', 200);
        Assert.Contains("nested deeper than 128", Assert.Throws<TidemillException>(() => Json(deep)).Message);
        Assert.Contains("not valid JSON", Assert.Throws<TidemillException>(() => Json(deep + "]")).Message);
    }

    [Fact]
    public void Record_larger_than_the_topic_takes_is_refused_with_its_place()
    {
        var error = Assert.Throws<TidemillException>(() => Json($"[1,\"{new string('x', 99)}\"]"));
        Assert.Equal(ErrorCode.RecordTooLarge, error.Code);
        Assert.Contains("element 1", error.Message);
    }

    [Fact]
    public void Mutated_bodies_give_records_or_a_typed_error()
    {
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var valid = Encoding.UTF8.GetBytes(
            """{"records":[{"key":"k","value":{"a":[1,"x"]},"headers":{"h":"v"},"timestamp":1,"partition":0}]}""");
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = valid.ToArray();
            for (var change = random.Next(1, 4); change > 0; change--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            try
            {
                RecordBody.ReadJson(bytes.AsMemory(0, random.Next(bytes.Length + 1)), Options with { KeyField = "a" });
            }
            catch (TidemillException)
            {
                // Refused with a code.
            }
        }
    }

    private static List<ProducerRecord> Json(string body) => RecordBody.ReadJson(Encoding.UTF8.GetBytes(body), Options);

    private static string? Text(ReadOnlyMemory<byte>? bytes) => bytes is { } some ? Encoding.UTF8.GetString(some.Span) : null;
}
