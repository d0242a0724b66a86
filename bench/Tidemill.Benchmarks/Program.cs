using Tidemill.Benchmarks;

var benchmarks = new SortedDictionary<string, Action<string[]>>(StringComparer.Ordinal)
{
    ["decode"] = Decode.Run,
    ["decode-load"] = DecodeLoad.Run,
};

if (args.Length == 0 || !benchmarks.TryGetValue(args[0], out var run))
{
    Console.Error.WriteLine($"usage: Tidemill.Benchmarks {string.Join('|', benchmarks.Keys)} [ARGUMENT...]");
    return 2;
}

run(args[1..]);
return 0;
