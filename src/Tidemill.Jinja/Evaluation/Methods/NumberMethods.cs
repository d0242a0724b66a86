using System.Numerics;

namespace Tidemill.Jinja.Evaluation.Methods;

/// <summary>The methods of numbers that templates use.</summary>
internal static class NumberMethods
{
    public static JinjaCallable? Find(object value, string name) => (value, name) switch
    {
        (double number, "is_integer") => new JinjaCallable(name, _ => number % 1 == 0),
        (long number, "bit_length") => new JinjaCallable(name, _ => BigInteger.Abs(number).GetBitLength()),
        _ => null,
    };
}
