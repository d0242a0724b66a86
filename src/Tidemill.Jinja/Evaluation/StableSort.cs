namespace Tidemill.Jinja.Evaluation;

/// <summary>A merge sort: equal items keep their order, and an error of the comparison comes through as it is.</summary>
internal static class StableSort
{
    public static List<T> Sort<T>(List<T> items, Comparison<T> compare)
    {
        var source = items.ToArray();
        var target = new T[source.Length];
        for (var width = 1; width < source.Length; width *= 2)
        {
            for (var start = 0; start < source.Length; start += 2 * width)
                Merge(source, target, start, Math.Min(start + width, source.Length), Math.Min(start + (2 * width), source.Length), compare);
            (source, target) = (target, source);
        }

        return [.. source];
    }

    private static void Merge<T>(T[] source, T[] target, int start, int middle, int end, Comparison<T> compare)
    {
        var (left, right) = (start, middle);
        for (var at = start; at < end; at++)
        {
            var takesLeft = left < middle && (right >= end || compare(source[left], source[right]) <= 0);
            target[at] = takesLeft ? source[left++] : source[right++];
        }
    }
}
