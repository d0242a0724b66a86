using System.Collections.Concurrent;

namespace Tidemill.DuckDb.Scans;

/// <summary>The sources that tidemill_scan finds by id; one registry a database, shared by all threads.</summary>
internal sealed class ScanRegistry
{
    private readonly ConcurrentDictionary<long, ChunkSource> _sources = new();

    public void Add(ChunkSource source) => _sources[source.Id] = source;

    public void Remove(ChunkSource source) => _sources.TryRemove(source.Id, out _);

    public ChunkSource? Find(long id) => _sources.GetValueOrDefault(id);
}
