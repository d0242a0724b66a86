using System.Collections.Concurrent;

namespace Tidemill.DuckDb.Scans;

/// <summary>
/// The sources that tidemill_scan finds by id. One registry a process, as ids are unique in it and databases opened
/// twice share one engine; shared by all threads.
/// </summary>
internal static class ScanRegistry
{
    private static readonly ConcurrentDictionary<long, ChunkSource> Sources = new();

    public static void Add(ChunkSource source) => Sources[source.Id] = source;

    public static void Remove(long id) => Sources.TryRemove(id, out _);

    public static ChunkSource? Find(long id) => Sources.GetValueOrDefault(id);
}
