namespace Tidemill.DuckDb;

/// <summary>
/// A cell of BIT: <c>u8 padding bits | bits, most significant first</c>, where the padding bits lead the first byte
/// and are 1. As text: zeros and ones.
/// </summary>
public static class DuckDbBit
{
    public static string ToText(ReadOnlySpan<byte> cell)
    {
        var padding = cell[0];
        return string.Create((cell.Length - 1) * 8 - padding, (Cell: cell.ToArray(), padding), static (text, state) =>
        {
            for (var i = 0; i < text.Length; i++)
            {
                var bit = i + state.padding;
                text[i] = (state.Cell[1 + bit / 8] & (0x80 >> (bit % 8))) != 0 ? '1' : '0';
            }
        });
    }

    /// <exception cref="FormatException">The text is empty or has a character other than 0 and 1.</exception>
    public static byte[] FromText(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || text.ContainsAnyExcept('0', '1'))
            throw new FormatException("A BIT is written in zeros and ones.");
        var cell = new byte[1 + (text.Length + 7) / 8];
        var padding = (cell.Length - 1) * 8 - text.Length;
        cell[0] = (byte)padding;
        for (var i = 0; i < padding; i++) cell[1] |= (byte)(0x80 >> i);
        for (var i = 0; i < text.Length; i++)
            if (text[i] == '1') cell[1 + (i + padding) / 8] |= (byte)(0x80 >> ((i + padding) % 8));
        return cell;
    }
}
