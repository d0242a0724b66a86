namespace Tidemill.Tests.Streaming.Decoding;

/// <summary>Breaks bytes the way networks, disks and people do: flips, cuts, repeats, odd bytes put in.</summary>
internal static class ByteMutation
{
    private static ReadOnlySpan<byte> Odd => "\"\\{}[],:0-.eEu \n\t\0\x7f\u0080"u8;

    public static byte[] Mutate(byte[] source, Random random)
    {
        var bytes = source.ToList();
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var at = random.Next(bytes.Count + 1);
            switch (random.Next(6))
            {
                case 0 when at < bytes.Count:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1 when at < bytes.Count:
                    bytes.RemoveRange(at, random.Next(1, Math.Min(8, bytes.Count - at) + 1));
                    break;
                case 2:
                    bytes.Insert(at, Odd[random.Next(Odd.Length)]);
                    break;
                case 3:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 4 when at < bytes.Count:
                    bytes.InsertRange(at, bytes.GetRange(at, random.Next(1, Math.Min(20, bytes.Count - at) + 1)));
                    break;
                case 5 when at < bytes.Count:
                    bytes[at] = (byte)random.Next(256);
                    break;
            }
        }

        return [.. bytes];
    }
}
