using System.Text;

namespace Tidemill.Tests.Streaming.Decoding;

/// <summary>Random JSON text, whitespace, escapes and odd numbers included.</summary>
internal static class RandomJson
{
    private static readonly string[] Names =
        ["a", "b", "o", "n", "c", "name", "\\u0061", "", "x y", "é", "a longer name than sixteen bytes"];

    private static readonly string[] Pieces =
        ["plain", "a", "\\n", "\\\"", "\\\\", "\\/", "\\u00e9", "\\uD83D\\uDE00", "é", "测试", "😀", " ", "0123456789abcdef", "~", "\u007f"];

    private static readonly string[] Spaces = ["", "", "", "", " ", "\n", "\t ", "\r\n"];

    public static string Object(Random random)
    {
        var text = new StringBuilder();
        text.Append(Space(random));
        WriteObject(text, random, 0);
        return text.Append(Space(random)).ToString();
    }

    public static string Number(Random random)
    {
        var text = new StringBuilder(random.Next(3) == 0 ? "-" : "");
        text.Append(random.Next(3) == 0 ? "0" : random.Next(1, 10) + Digits(random, random.Next(0, random.Next(1, 45))));
        if (random.Next(2) == 0)
            text.Append('.').Append(Digits(random, random.Next(1, random.Next(2, 45))));

        if (random.Next(4) == 0)
            text.Append(random.Next(2) == 0 ? "e" : "E").Append(new[] { "", "+", "-" }[random.Next(3)]).Append(random.Next(0, 50));

        return text.ToString();
    }

    private static string Digits(Random random, int count) =>
        string.Concat(Enumerable.Range(0, count).Select(_ => random.Next(3) == 0 ? 0 : random.Next(10)));

    private static string Space(Random random) => Spaces[random.Next(Spaces.Length)];

    private static void WriteValue(StringBuilder text, Random random, int depth)
    {
        switch (random.Next(depth > 4 ? 5 : 8))
        {
            case 0:
                text.Append(new[] { "true", "false", "null" }[random.Next(3)]);
                break;
            case 1 or 2:
                text.Append(Number(random));
                break;
            case 3 or 4:
                WriteString(text, random);
                break;
            case 5:
                WriteArray(text, random, depth + 1);
                break;
            default:
                WriteObject(text, random, depth + 1);
                break;
        }
    }

    private static void WriteString(StringBuilder text, Random random)
    {
        text.Append('"');
        for (var i = random.Next(8); i > 0; i--)
            text.Append(Pieces[random.Next(Pieces.Length)]);

        text.Append('"');
    }

    private static void WriteArray(StringBuilder text, Random random, int depth)
    {
        text.Append('[').Append(Space(random));
        for (var i = random.Next(4); i > 0; i--)
        {
            WriteValue(text, random, depth);
            text.Append(Space(random)).Append(i > 1 ? "," : "").Append(Space(random));
        }

        text.Append(']');
    }

    private static void WriteObject(StringBuilder text, Random random, int depth)
    {
        text.Append('{').Append(Space(random));
        var names = Names.OrderBy(_ => random.Next()).Take(random.Next(6)).ToList();
        for (var i = 0; i < names.Count; i++)
        {
            text.Append('"').Append(names[i]).Append('"').Append(Space(random)).Append(':').Append(Space(random));

            // A declared parent must be an object, else nearly every document would be rejected.
            if (depth == 0 && names[i] == "o")
                WriteObject(text, random, depth + 1);
            else
                WriteValue(text, random, depth);

            text.Append(Space(random)).Append(i + 1 < names.Count ? "," : "").Append(Space(random));
        }

        text.Append('}');
    }
}
