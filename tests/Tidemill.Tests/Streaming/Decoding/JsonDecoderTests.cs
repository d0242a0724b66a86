using System.Text;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;
using Tidemill.DuckDb;
using Tidemill.Streaming.Decoding;

namespace Tidemill.Tests.Streaming.Decoding;

public sealed class JsonDecoderTests
{
    [Theory]
    [InlineData("boolean", "true", "True")]
    [InlineData("tinyint", "-128", "-128")]
    [InlineData("smallint", "32767", "32767")]
    [InlineData("integer", "-2147483648", "-2147483648")]
    [InlineData("integer", "1.0", "1")]
    [InlineData("integer", "12e2", "1200")]
    [InlineData("integer", "1200e-2", "12")]
    [InlineData("integer", "-0", "0")]
    [InlineData("bigint", "-9223372036854775808", "-9223372036854775808")]
    [InlineData("bigint", "9223372036854775807", "9223372036854775807")]
    [InlineData("utinyint", "255", "255")]
    [InlineData("usmallint", "65535", "65535")]
    [InlineData("uinteger", "4294967295", "4294967295")]
    [InlineData("ubigint", "18446744073709551615", "18446744073709551615")]
    [InlineData("hugeint", "-170141183460469231731687303715884105728", "-170141183460469231731687303715884105728")]
    [InlineData("hugeint", "170141183460469231731687303715884105727", "170141183460469231731687303715884105727")]
    [InlineData("double", "1.7976931348623157e308", "1.7976931348623157E+308")]
    [InlineData("double", "123456789012345678901234567890", "1.2345678901234568E+29")]
    [InlineData("double", "1e-400", "0")]
    [InlineData("float", "0.1", "0.1")]
    [InlineData("decimal(18,2)", "123.45", "123.45")]
    [InlineData("decimal(18,2)", "123.455", "123.46")]
    [InlineData("decimal(18,2)", "-123.455", "-123.46")]
    [InlineData("decimal(18,2)", "123.4549999999999999999999999999", "123.45")]
    [InlineData("decimal(4,2)", "99.99", "99.99")]
    [InlineData("decimal(9,4)", "1e-4", "0.0001")]
    [InlineData("decimal(38,10)", "-1234567890123456789012345678.0123456789", "-1234567890123456789012345678.0123456789")]
    [InlineData("decimal(10,0)", "0e999999999999999999999", "0")]
    [InlineData("text", "\"plain\"", "plain")]
    [InlineData("text", "\"\"", "")]
    [InlineData("text", "\"twelve bytes\"", "twelve bytes")]
    [InlineData("text", "\"thirteen byte\"", "thirteen byte")]
    [InlineData("text", "\"a\\u00e9\\n\\\"\\\\\\/\\uD83D\\uDE00 and more\"", "a\u00e9\n\"\\/\U0001F600 and more")]
    [InlineData("text", "\"\\u0041\"", "A")]
    [InlineData("text", "\"naïve – 测试 – \U0001F600\"", "naïve – 测试 – \U0001F600")]
    [InlineData("json", "{\"a\": [1, 2.50, null]}", "{\"a\": [1, 2.50, null]}")]
    [InlineData("json", "\"s\"", "\"s\"")]
    [InlineData("uuid", "\"0189f7ea-ae2c-7809-8aeb-b819cf5e9e7f\"", "0189f7ea-ae2c-7809-8aeb-b819cf5e9e7f")]
    [InlineData("uuid", "\"F189F7EAAE2C78098AEBB819CF5E9E7F\"", "f189f7ea-ae2c-7809-8aeb-b819cf5e9e7f")]
    [InlineData("uuid", "\"\\u0030189f7ea-ae2c-7809-8aeb-b819cf5e9e7f\"", "0189f7ea-ae2c-7809-8aeb-b819cf5e9e7f")]
    public void A_value_of_the_declared_type_is_kept_exactly(string type, string json, string expected)
    {
        using var run = DecodeRun.Of(type);
        var value = run.Decode($"{{\"v\":{json}}}")[0];
        Assert.Equal(expected, Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("boolean", "1", DecodeReason.WrongType)]
    [InlineData("boolean", "\"true\"", DecodeReason.WrongType)]
    [InlineData("boolean", "tru", DecodeReason.InvalidJson)]
    [InlineData("tinyint", "128", DecodeReason.OutOfRange)]
    [InlineData("integer", "2147483648", DecodeReason.OutOfRange)]
    [InlineData("integer", "1.5", DecodeReason.InvalidValue)]
    [InlineData("integer", "1e400", DecodeReason.OutOfRange)]
    [InlineData("integer", "\"1\"", DecodeReason.WrongType)]
    [InlineData("integer", "[1]", DecodeReason.WrongType)]
    [InlineData("integer", "01", DecodeReason.InvalidJson)]
    [InlineData("integer", "+1", DecodeReason.InvalidJson)]
    [InlineData("integer", "1.", DecodeReason.InvalidJson)]
    [InlineData("integer", "NaN", DecodeReason.InvalidJson)]
    [InlineData("bigint", "9223372036854775808", DecodeReason.OutOfRange)]
    [InlineData("uinteger", "-1", DecodeReason.OutOfRange)]
    [InlineData("ubigint", "18446744073709551616", DecodeReason.OutOfRange)]
    [InlineData("ubigint", "-1", DecodeReason.OutOfRange)]
    [InlineData("hugeint", "170141183460469231731687303715884105728", DecodeReason.OutOfRange)]
    [InlineData("hugeint", "-170141183460469231731687303715884105729", DecodeReason.OutOfRange)]
    [InlineData("double", "1e309", DecodeReason.OutOfRange)]
    [InlineData("float", "1e39", DecodeReason.OutOfRange)]
    [InlineData("decimal(4,2)", "99.995", DecodeReason.OutOfRange)]
    [InlineData("decimal(4,2)", "100", DecodeReason.OutOfRange)]
    [InlineData("decimal(38,0)", "1e38", DecodeReason.OutOfRange)]
    [InlineData("decimal(38,38)", "1", DecodeReason.OutOfRange)]
    [InlineData("decimal(4,2)", "\"1.5\"", DecodeReason.WrongType)]
    [InlineData("text", "12", DecodeReason.WrongType)]
    [InlineData("text", "{}", DecodeReason.WrongType)]
    [InlineData("text", "\"\\ud800\"", DecodeReason.InvalidEscape)]
    [InlineData("text", "\"\\udc00\"", DecodeReason.InvalidEscape)]
    [InlineData("text", "\"\\ud800\\u0041\"", DecodeReason.InvalidEscape)]
    [InlineData("text", "\"\\x\"", DecodeReason.InvalidEscape)]
    [InlineData("text", "\"a\tb\"", DecodeReason.InvalidJson)]
    [InlineData("uuid", "\"0189f7ea-ae2c-7809-8aeb-b819cf5e9e7g\"", DecodeReason.InvalidValue)]
    [InlineData("uuid", "\"0189f7ea_ae2c-7809-8aeb-b819cf5e9e7f\"", DecodeReason.InvalidValue)]
    [InlineData("uuid", "\"\"", DecodeReason.InvalidValue)]
    [InlineData("uuid", "5", DecodeReason.WrongType)]
    [InlineData("blob", "\"a\"", DecodeReason.InvalidValue)]
    [InlineData("date", "\"2026-02-29\"", DecodeReason.InvalidValue)]
    [InlineData("date", "\"0000-01-01\"", DecodeReason.OutOfRange)]
    [InlineData("time", "\"24:00\"", DecodeReason.InvalidValue)]
    [InlineData("timestamp", "1700000000", DecodeReason.WrongType)]
    [InlineData("timestamp", "\"yesterday\"", DecodeReason.InvalidValue)]
    [InlineData("interval", "\"P\"", DecodeReason.InvalidValue)]
    public void A_value_that_does_not_fit_is_rejected_with_its_reason(string type, string json, DecodeReason reason)
    {
        using var run = DecodeRun.Of(type);
        var failure = run.Reject($"{{\"v\":{json}}}");
        Assert.Equal(reason, failure.Reason);
    }

    [Theory]
    [InlineData("boolean", "\"false\"", "False")]
    [InlineData("integer", "\"-17\"", "-17")]
    [InlineData("decimal(18,2)", "\"123.45\"", "123.45")]
    [InlineData("double", "\"1e3\"", "1000")]
    [InlineData("text", "12.50", "12.50")]
    [InlineData("text", "true", "true")]
    [InlineData("text", "{\"a\": 1}", "{\"a\": 1}")]
    public void Lenient_takes_numbers_and_booleans_from_strings_and_texts_from_anything(string type, string json, string expected)
    {
        using var run = DecodeRun.Of(type, lenient: true);
        Assert.Equal(expected, Convert.ToString(run.Decode($"{{\"v\":{json}}}")[0], System.Globalization.CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("integer", "\"\"")]
    [InlineData("integer", "\" 1\"")]
    [InlineData("integer", "\"1x\"")]
    [InlineData("double", "\"NaN\"")]
    [InlineData("boolean", "\"yes\"")]
    public void Lenient_still_rejects_strings_that_spell_no_value(string type, string json)
    {
        using var run = DecodeRun.Of(type, lenient: true);
        Assert.Equal(DecodeReason.InvalidValue, run.Reject($"{{\"v\":{json}}}").Reason);
    }

    [Theory]
    [InlineData("", DecodeReason.Empty)]
    [InlineData(" \n", DecodeReason.Empty)]
    [InlineData("[]", DecodeReason.NotAnObject)]
    [InlineData("\"x\"", DecodeReason.NotAnObject)]
    [InlineData("null", DecodeReason.NotAnObject)]
    [InlineData("nul", DecodeReason.Truncated)]
    [InlineData("hello", DecodeReason.InvalidJson)]
    [InlineData("{", DecodeReason.Truncated)]
    [InlineData("{\"v\"", DecodeReason.Truncated)]
    [InlineData("{\"v\":", DecodeReason.Truncated)]
    [InlineData("{\"v\":1", DecodeReason.Truncated)]
    [InlineData("{\"v\":1,", DecodeReason.Truncated)]
    [InlineData("{\"v\":1,}", DecodeReason.InvalidJson)]
    [InlineData("{v:1}", DecodeReason.InvalidJson)]
    [InlineData("{\"v\" 1}", DecodeReason.InvalidJson)]
    [InlineData("{\"v\":1 \"w\":2}", DecodeReason.InvalidJson)]
    [InlineData("{\"v\":1}}", DecodeReason.TrailingData)]
    [InlineData("{\"v\":1}{\"v\":1}", DecodeReason.TrailingData)]
    [InlineData("{\"v\":1,\"v\":1}", DecodeReason.DuplicateKey)]
    [InlineData("{\"v\":1,\"\\u0076\":1}", DecodeReason.DuplicateKey)]
    [InlineData("{\"w\":\"\\q\",\"v\":1}", DecodeReason.InvalidEscape)]
    [InlineData("{}", DecodeReason.MissingField)]
    [InlineData("{\"v\":null}", DecodeReason.NullField)]
    public void A_broken_record_is_rejected_with_its_reason(string json, DecodeReason reason)
    {
        using var run = DecodeRun.Of("integer", change: f => f with { Required = true });
        Assert.Equal(reason, run.Reject(json).Reason);
    }

    [Fact]
    public void Invalid_utf8_is_rejected_also_where_nobody_reads_the_string()
    {
        using var run = DecodeRun.Of("text");
        Assert.Equal(DecodeReason.InvalidUtf8, run.Reject([.. "{\"v\":\""u8, 0xC3, 0x28, .. "\"}"u8]).Reason);
        Assert.Equal(DecodeReason.InvalidUtf8, run.Reject([.. "{\"w\":\""u8, 0xFF, .. "\"}"u8]).Reason);
        Assert.Equal(DecodeReason.InvalidUtf8, run.Reject([.. "{\""u8, 0xC0, 0x80, .. "\":1}"u8]).Reason);
    }

    [Fact]
    public void Depth_64_is_decoded_and_depth_65_is_rejected_without_recursion()
    {
        using var run = DecodeRun.Of("json");
        string Nested(int arrays) => "{\"v\":" + new string('[', arrays) + new string(']', arrays) + "}";
        Assert.NotNull(run.Decode(Nested(63))[0]);
        Assert.Equal(DecodeReason.TooDeep, run.Reject(Nested(64)).Reason);
        Assert.Equal(DecodeReason.TooDeep, run.Reject("{\"x\":" + new string('[', 100_000)).Reason);
    }

    [Fact]
    public void A_tombstone_is_rejected_as_such_and_a_byte_order_mark_is_skipped()
    {
        using var run = DecodeRun.Of("integer");
        unsafe
        {
            var decoder = new JsonDecoder(new DecodeDefinition { Fields = [new DecodeField("v", new FieldType(FieldKind.Int32))] });
            Assert.False(decoder.TryDecode(new RecordRef(null, -1, null, -1, 0, 0), run.Writer, out var failure));
            Assert.Equal(DecodeReason.Tombstone, failure.Reason);
        }

        Assert.True(run.TryDecode([0xEF, 0xBB, 0xBF, .. "{\"v\":1}"u8], out _));
        Assert.Equal(1, run.Row[0]);
    }

    [Fact]
    public void Nested_paths_defaults_and_shared_paths_fill_their_columns()
    {
        using var run = new DecodeRun(new DecodeDefinition
        {
            Fields =
            [
                Field("id", "integer") with { Path = ["user", "id"], Required = true },
                Field("city", "text") with { Path = ["user", "address", "city"], Default = "\"an unknown town\"" },
                Field("user_json", "json") with { Path = ["user"] },
                Field("at", "timestamp") with { Path = ["t"], TimestampFormat = TimestampFormat.EpochMilliseconds },
                Field("at_ms", "bigint") with { Path = ["t"] },
                Field("rank", "smallint") with { Default = "5" },
                Field("amount", "decimal(30,3)") with { Default = "1.5" },
                Field("flag", "boolean"),
            ],
        });
        var row = run.Decode("{\"t\":1700000000123,\"user\":{\"x\":{\"y\":[]},\"id\":7}}");
        Same([7, "an unknown town", "{\"x\":{\"y\":[]},\"id\":7}"], row[..3]);
        Assert.Equal(new DateTime(2023, 11, 14, 22, 13, 20, 123), row[3]);
        Same([1700000000123L, (short)5], row[4..6]);
        Assert.Equal("1.500", Convert.ToString(row[6], System.Globalization.CultureInfo.InvariantCulture));
        Assert.Null(row[7]);

        row = run.Decode("{\"user\":{\"address\":{\"city\":\"Oslo\"},\"id\":8},\"rank\":null,\"flag\":true}");
        Same([8, "Oslo"], row[..2]);
        Assert.Null(row[5]);
        Assert.True((bool)row[7]!);

        Assert.Equal((DecodeReason.MissingField, "id"), Reason(run.Reject("{\"user\":null}")));
        Assert.Equal((DecodeReason.WrongType, null), Reason(run.Reject("{\"user\":5}")));
        Assert.Equal((DecodeReason.DuplicateKey, "id"), Reason(run.Reject("{\"user\":{\"id\":1,\"id\":1}}")));
        Assert.Equal((DecodeReason.DuplicateKey, "user_json"), Reason(run.Reject("{\"user\":{\"id\":1},\"user\":{}}")));
    }

    [Fact]
    public void A_rejected_record_leaves_no_null_behind_in_the_row_that_follows()
    {
        using var run = new DecodeRun(new DecodeDefinition { Fields = [Field("a", "text"), Field("b", "integer"), Field("c", "text")] });
        run.Reject("{\"a\":null,\"c\":null,\"b\":\"x\"}");
        Same(["x", 1, "z"], run.Decode("{\"a\":\"x\",\"b\":1,\"c\":\"z\"}"));
        Same([null, 2, null], run.Decode("{\"a\":null,\"b\":2}"));
    }

    [Fact]
    public void Unknown_top_level_properties_are_kept_as_one_object()
    {
        using var run = new DecodeRun(new DecodeDefinition { Fields = [Field("a", "text")], ExtraColumn = "_extra" });
        var row = run.Decode("{\"x\" : 1 , \"a\":\"a text of some length\", \"y\":{\"z\": [true]},\"n\\u0061me\":\"ü\"}");
        Same(["a text of some length", "{\"x\":1,\"y\":{\"z\": [true]},\"n\\u0061me\":\"ü\"}"], row);
        Same(["b", null], run.Decode("{\"a\":\"b\"}"));
        Same([null, "{\"\":0}"], run.Decode("{\"\":0}"));
    }

    [Fact]
    public void Metadata_columns_follow_in_order_and_only_when_asked_for()
    {
        var definition = new DecodeDefinition { Fields = [Field("a", "integer")] };
        using var all = new DecodeRun(definition, MetadataColumns.All);
        Assert.Equal(
            "a INTEGER, _topic VARCHAR, _partition INTEGER, _offset BIGINT, _timestamp TIMESTAMP, _key BLOB", all.Schema.ToString());
        Same([1, "events", 3, 7L, new DateTime(2023, 11, 14, 22, 13, 20, 123), null], all.Decode("{\"a\":1}"));
        using var some = new DecodeRun(definition, MetadataColumns.Offset);
        Same([1, 7L], some.Decode("{\"a\":1}"));
    }

    [Fact]
    public void Property_names_that_need_escapes_and_many_properties_are_found()
    {
        var fields = Enumerable.Range(0, 200).Select(i => Field($"f{i}", "integer")).Append(Field("odd \"name\"/ü", "text")).ToList();
        using var run = new DecodeRun(new DecodeDefinition { Fields = fields });
        var random = new Random(5);
        for (var round = 0; round < 20; round++)
        {
            var order = Enumerable.Range(0, 200).OrderBy(_ => random.Next()).ToList();
            var json = "{" + string.Join(",", order.Select(i => $"\"f{i}\":{i}")) + ",\"odd \\\"name\\\"\\/\\u00fc\":\"x\"}";
            var row = run.Decode(json);
            Same([.. Enumerable.Range(0, 200).Cast<object?>(), "x"], row);
        }
    }

    [Fact]
    public void Blobs_come_as_base64()
    {
        using var run = DecodeRun.Of("blob");
        foreach (var length in new[] { 0, 1, 2, 3, 12, 13, 1000, 100_000 })
        {
            var bytes = new byte[length];
            new Random(length).NextBytes(bytes);
            Assert.Equal(bytes, (byte[])run.Decode($"{{\"v\":\"{Convert.ToBase64String(bytes)}\"}}")[0]!);
        }
    }

    [Theory]
    [InlineData("integer", "\"x\"")]
    [InlineData("integer", "1,\"w\":2")]
    [InlineData("integer", "99999999999")]
    [InlineData("text", "")]
    [InlineData("text", "text")]
    public void A_default_that_its_type_cannot_hold_is_a_configuration_error(string type, string json)
    {
        var error = Assert.Throws<TidemillException>(() => DecodeRun.Of(type, change: f => f with { Default = json }));
        Assert.Equal(ErrorCode.ConfigurationInvalid, error.Code);
    }

    [Fact]
    public void Values_never_stand_in_messages()
    {
        using var run = DecodeRun.Of("integer");
        foreach (var value in new[] { "\"s3cr3t\"", "{\"s3cr3t\":1}", "s3cr3t", "\"s3cr3t" })
            Assert.DoesNotContain("s3cr3t", run.Reject($"{{\"v\":{value}}}").Message, StringComparison.Ordinal);
    }

    [Fact]
    public unsafe void A_record_allocates_nothing()
    {
        var json = Encoding.UTF8.GetBytes(SampleRecords.Transaction(new Random(1)));
        var broken = Encoding.UTF8.GetBytes(
            SampleRecords.Transaction(new Random(1)).Replace("\"currency\"", "\"amount\"", StringComparison.Ordinal));
        var decoder = new JsonDecoder(SampleRecords.Definition with { ExtraColumn = "_extra" }, MetadataColumns.All);
        using var writer = decoder.CreateWriter();
        writer.Enter(new TopicPartition("t", 0));
        fixed (byte* good = json, bad = broken)
        {
            for (var round = 0; round < 3; round++)
            {
                writer.Reset();
                writer.Enter(new TopicPartition("t", 0));
                var before = GC.GetAllocatedBytesForCurrentThread();
                for (var i = 0; i < DataChunk.Capacity; i++)
                {
                    Assert.True(decoder.TryDecode(new RecordRef(good, 4, good, json.Length, i, i), writer, out _));
                    if (!writer.IsFull)
                        Assert.False(decoder.TryDecode(new RecordRef(good, 4, bad, broken.Length, i, i), writer, out _));
                }

                var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

                // The first round makes the arena's list of blocks.
                Assert.True(round == 0 || allocated == 0, $"{allocated} bytes allocated.");
            }
        }
    }

    private static void Same(object?[] expected, object?[] actual) => Assert.Equal((IEnumerable<object?>)expected, actual);

    private static (DecodeReason, string?) Reason(DecodeFailure failure) => (failure.Reason, failure.Field);

    private static DecodeField Field(string name, string type)
    {
        Assert.True(FieldType.TryParse(type, out var parsed));
        return new DecodeField(name, parsed);
    }
}
