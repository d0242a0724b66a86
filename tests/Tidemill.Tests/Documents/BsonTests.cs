using System.Text;
using MongoDB.Bson;
using Tidemill.Core.Documents;
using Tidemill.Core.Errors;

namespace Tidemill.Tests.Documents;

public sealed class BsonTests
{
    /// <summary>From the specification's own examples: the bytes are those of bsonspec.org's FAQ.</summary>
    [Fact]
    public void Documents_have_the_bytes_that_the_specification_gives()
    {
        Assert.Equal(
            Convert.FromHexString("160000000268656C6C6F0006000000776F726C640000"), ExtendedJson.Parse("""{"hello":"world"}"""u8).ToBson());
        Assert.Equal(
            Convert.FromHexString("310000000442534F4E002600000002300008000000617765736F6D65000131003333333333331440103200C20700000000"),
            ExtendedJson.Parse("""{"BSON":["awesome",5.05,1986]}"""u8).ToBson());
    }

    [Theory]
    [InlineData("""{"a":{"$oid":"64B7F0C2E1A4F5D6C7B8A901"}}""", """{"a":"64b7f0c2e1a4f5d6c7b8a901"}""")]
    [InlineData("""{"a":{"$date":"2026-01-02T03:04:05.6Z"}}""", """{"a":"2026-01-02T03:04:05.6Z"}""")]
    [InlineData("""{"a":{"$date":{"$numberLong":"-62135596800001"}}}""", """{"a":-62135596800001}""")]
    [InlineData("""{"a":{"$numberDecimal":"12.3400"}}""", """{"a":12.3400}""")]
    [InlineData("""{"a":{"$numberDecimal":"NaN"}}""", """{"a":"NaN"}""")]
    [InlineData("""{"a":{"$numberDouble":"1"}}""", """{"a":1.0}""")]
    [InlineData("""{"a":{"$numberDouble":"Infinity"}}""", """{"a":"Infinity"}""")]
    [InlineData("""{"a":{"$numberLong":"9007199254740993"}}""", """{"a":9007199254740993}""")]
    [InlineData("""{"a":{"$uuid":"73ffd264-44b3-4c69-90e8-e7d1dfc035d4"}}""", """{"a":"73ffd264-44b3-4c69-90e8-e7d1dfc035d4"}""")]
    [InlineData("""{"a":{"$binary":{"subType":"00","base64":"AQI="}}}""", """{"a":"AQI="}""")]
    [InlineData("""{"a":[{"b":null},{"$regularExpression":{"pattern":"x","options":"im"}}]}""", """{"a":[{"b":null},"/x/im"]}""")]
    [InlineData("""{"a":{"$minKey":1},"b":{"$timestamp":{"t":5,"i":6}}}""", """{"a":"minKey","b":{"t":5,"i":6}}""")]
    public void Plain_json_shows_each_type_without_loss(string extended, string plain) =>
        Assert.Equal(plain, Text(ExtendedJson.Write(Parse(extended), JsonTypes.Plain)));

    [Theory]
    [InlineData("0.1", "$numberDouble", "0.1")]
    [InlineData("1e3", "$numberDouble", "1000.0")]
    [InlineData("2147483647", "$numberInt", "2147483647")]
    [InlineData("-2147483649", "$numberLong", "-2147483649")]
    [InlineData("9223372036854775808", "$numberDecimal", "9223372036854775808")]
    [InlineData("123456789012345678.25", "$numberDecimal", "123456789012345678.25")]
    [InlineData("0.000000123456789012345678", "$numberDecimal", "1.23456789012345678E-7")]
    [InlineData("12345678901234567890123456789012345", "$numberDouble", "1.234567890123457E+34")]
    public void Json_numbers_become_the_type_that_holds_them(string number, string type, string text) =>
        Assert.Equal(
            $$$"""{"a":{"{{{type}}}":"{{{text}}}"}}""", Text(ExtendedJson.Write(Parse($$"""{"a":{{number}}}"""), JsonTypes.Canonical)));

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("1")]
    [InlineData("{\"a\":1} x")]
    [InlineData("{\"a\":")]
    [InlineData("""{"a":{"$oid":"12"}}""")]
    [InlineData("""{"a":{"$oid":"64b7f0c2e1a4f5d6c7b8a901","x":1}}""")]
    [InlineData("""{"a":{"$numberInt":"x"}}""")]
    [InlineData("""{"a":{"$date":"yesterday"}}""")]
    [InlineData("""{"a":{"$date":{"x":"1"}}}""")]
    [InlineData("""{"a":{"$binary":{"base64":"AQI="}}}""")]
    [InlineData("""{"a":{"$binary":5}}""")]
    [InlineData("""{"a\u0000":1}""")]
    [InlineData("""{"a":"\ud800"}""")]
    public void Text_that_is_no_extended_json_is_refused_without_its_values(string json)
    {
        var error = Assert.ThrowsAny<FormatException>(() => Parse(json));
        Assert.DoesNotContain("yesterday", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Unknown_dollar_names_are_names() =>
        Assert.Equal("""{"a":{"$ref":"c","x":1}}""", Text(ExtendedJson.Write(Parse("""{"a":{"$ref":"c","x":1}}"""), JsonTypes.Plain)));

    [Fact]
    public void Names_that_stand_twice_are_kept_and_text_that_is_no_utf8_is_replaced()
    {
        var twice = Convert.FromHexString("1E0000000261000200000078000261000600000079FF7A7A7A0000");
        BitConverter.TryWriteBytes(twice, twice.Length);
        Assert.Equal("{\"a\":\"x\",\"a\":\"y\uFFFDzzz\"}", ExtendedJson.Text(new RawBsonDocument(twice), JsonTypes.Plain));
    }

    [Fact]
    public void Bytes_that_are_no_bson_are_corrupt_data_and_never_crash()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var original = ExtendedJson.Parse(
            """{"_id":{"$oid":"64b7f0c2e1a4f5d6c7b8a901"},"s":"text","a":[1,{"b":[2.5,null]}],"d":{"$numberDecimal":"1.5"},"c":{"$code":"f","$scope":{"x":1}},"r":{"$regularExpression":{"pattern":"x","options":""}}}"""u8).ToBson();
        for (var round = 0; round < 5_000; round++)
        {
            var bytes = original.ToArray();
            for (var i = random.Next(1, 4); i > 0; i--)
                bytes[random.Next(4, bytes.Length)] = (byte)random.Next(256);

            try
            {
                ExtendedJson.Write(new RawBsonDocument(bytes), JsonTypes.Canonical);
            }
            catch (TidemillException error) when (error.Code == ErrorCode.DataCorrupt)
            {
                // Refused.
            }
            catch (Exception error)
            {
                Assert.Fail($"Seed {seed}, round {round}: {Convert.ToHexString(bytes)}: {error}");
            }
        }
    }

    private static BsonDocument Parse(string json) => ExtendedJson.Parse(Encoding.UTF8.GetBytes(json));

    private static string Text(byte[] json) => Encoding.UTF8.GetString(json);
}
