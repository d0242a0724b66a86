using System.Globalization;
using Tidemill.DuckDb;

namespace Tidemill.Tests.DuckDb;

public sealed class VectorCursorTests
{
    [Theory]
    [InlineData("TINYINT", "-128", "127")]
    [InlineData("SMALLINT", "-32768", "32767")]
    [InlineData("INTEGER", "-2147483648", "2147483647")]
    [InlineData("BIGINT", "-9223372036854775808", "9223372036854775807")]
    [InlineData("UTINYINT", "0", "255")]
    [InlineData("USMALLINT", "0", "65535")]
    [InlineData("UINTEGER", "0", "4294967295")]
    [InlineData("UBIGINT", "0", "18446744073709551615")]
    [InlineData("HUGEINT", "-170141183460469231731687303715884105727", "170141183460469231731687303715884105727")]
    [InlineData("DECIMAL(4,0)", "-9999", "9999")]
    [InlineData("DECIMAL(9,0)", "-999999999", "999999999")]
    [InlineData("DECIMAL(18,0)", "-999999999999999999", "999999999999999999")]
    [InlineData("DECIMAL(38,0)", "-99999999999999999999999999999999999999", "99999999999999999999999999999999999999")]
    public void Integers_of_every_width_are_read_with_their_sign_and_NULL_told_apart(string type, string least, string most)
    {
        using var database = DuckDbDatabase.Open(null);
        using var connection = database.Connect();
        using var result = connection.Query($"SELECT unnest([{least}, NULL, {most}]::{type}[])");
        using var chunk = result.Fetch()!;
        var cells = new VectorCursor(chunk[0]);
        Assert.Equal([false, true, false], new[] { cells.IsNull(0), cells.IsNull(1), cells.IsNull(2) });
        Assert.Equal((Parse(least), Parse(most)), (cells.Huge(0), cells.Huge(2)));
        if (Parse(most) <= long.MaxValue)
        {
            Assert.Equal(
                (long.Parse(least, CultureInfo.InvariantCulture), long.Parse(most, CultureInfo.InvariantCulture)),
                (cells.Integer(0), cells.Integer(2)));
        }
    }

    [Fact]
    public void Times_texts_and_the_scale_are_read_and_nested_types_are_refused()
    {
        using var database = DuckDbDatabase.Open(null);
        using var connection = database.Connect();
        using var result = connection.Query(
            "SELECT DATE '1969-12-31', TIMESTAMP '1970-01-01 00:00:01', TIME '00:00:02', 'a text beyond the inline length', "
                + "1.25::DECIMAL(30,2), [1]");
        using var chunk = result.Fetch()!;
        Assert.Equal([-1, 1_000_000, 2_000_000], new[] { 0, 1, 2 }.Select(c => new VectorCursor(chunk[c]).Integer(0)));
        Assert.Equal("a text beyond the inline length"u8, new VectorCursor(chunk[3]).Bytes(0));
        Assert.Equal((2, (Int128)125), (new VectorCursor(chunk[4]).Scale, new VectorCursor(chunk[4]).Huge(0)));
        Assert.Equal(1, new VectorCursor(chunk[5].ListChild()).Integer(0));
        Assert.Throws<NotSupportedException>(
            () => { _ = new VectorCursor(DataChunk.Create(LogicalType.Struct(new TypeField("a", LogicalType.Integer)))[0]); });
    }

    private static Int128 Parse(string text) => Int128.Parse(text, CultureInfo.InvariantCulture);
}
