using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Tidemill.Connectors.DuckDb;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Search;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.Search.Embedded;

/// <summary>
/// The search store of a laptop: one DuckDB file, <c>search.duckdb</c>.
/// <code>
/// indexes     (name primary key, mapping)                             mapping: JSON object, field to Elasticsearch type
/// aliases     (alias, index_name)
/// documents   (index_name, id, version, source, words; key the first two)  source: the JSON as written; words: see SearchWords
/// checkpoints (stream, sink, topic, partition, next_offset; key all but the last)
/// </code>
/// A bulk request is one transaction, durable on return.
/// </summary>
public sealed class EmbeddedSearchStore : ISearchStore
{
    /// <summary>Hits that a search reaches at most, as Elasticsearch's max_result_window.</summary>
    public const int MaxResultWindow = 10_000;

    private const string FileName = "search.duckdb";
    private const int ScanPage = 2000;

    private const string Schema =
        """
        CREATE TABLE IF NOT EXISTS indexes (name VARCHAR PRIMARY KEY, mapping VARCHAR NOT NULL);
        CREATE TABLE IF NOT EXISTS aliases (alias VARCHAR, index_name VARCHAR, PRIMARY KEY (alias, index_name));
        CREATE TABLE IF NOT EXISTS documents (
            index_name VARCHAR, id VARCHAR, version BIGINT NOT NULL, source VARCHAR NOT NULL, words VARCHAR NOT NULL,
            PRIMARY KEY (index_name, id));
        CREATE TABLE IF NOT EXISTS checkpoints (
            stream VARCHAR, sink VARCHAR, topic VARCHAR, partition INTEGER, next_offset BIGINT NOT NULL,
            PRIMARY KEY (stream, sink, topic, partition));
        """;

    private readonly StoreFile _file;

    private EmbeddedSearchStore(StoreFile file) => this._file = file;

    public string Description => _file.Path;

    public string Prefix => "";

    public int BulkBytes => 8 << 20;

    /// <summary>
    /// Opens the store under the data folder, creating it when there is none. DataFolderLocked: another process has it open.
    /// </summary>
    public static Task<EmbeddedSearchStore> OpenAsync(string dataFolder, CancellationToken cancellationToken) =>
        OpenAsync(dataFolder, _ => { }, cancellationToken);

    /// <param name="opened">Gets each engine that is opened, the first and those after failures.</param>
    internal static async Task<EmbeddedSearchStore> OpenAsync(
        string dataFolder, Action<DuckDbDatabase> opened, CancellationToken cancellationToken) =>
        new(await StoreFile.OpenAsync(dataFolder, FileName, Schema, opened, cancellationToken));

    public Task EnsureIndexAsync(string index, IndexSettings settings, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(settings);
        IndexName.Check(index);
        return InTransactionAsync(
            tables =>
            {
                var mapper = tables.ReadMapping(index);
                var wanted = mapper ?? new FieldMapper(new Dictionary<string, string>());
                wanted.Declare(index, settings.Mapping.Fields);
                if (mapper is null || wanted.Changed)
                    tables.WriteMapping(index, wanted);

                foreach (var alias in settings.Aliases)
                    tables.Write("INSERT INTO aliases VALUES ($1, $2) ON CONFLICT DO NOTHING", alias, index);

                return true;
            },
            cancellationToken);
    }

    /// <summary>Templates have no use here, as every index is made by its settings; documents are kept until the index is
    /// deleted.</summary>
    public Task<IReadOnlyList<string>> PrepareAsync(string pattern, IndexSettings settings, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return Task.FromResult<IReadOnlyList<string>>(
            settings.Lifecycle is null ? [] : [$"The embedded search store has no lifecycles: indexes {pattern} are kept for ever."]);
    }

    public Task<bool> ExistAsync(IReadOnlyCollection<string> indexes, CancellationToken cancellationToken) =>
        TakeTurnAsync(tables => indexes.All(tables.Exists), cancellationToken);

    public Task<IReadOnlyList<IndexDescription>> ListIndexesAsync(CancellationToken cancellationToken) =>
        TakeTurnAsync<IReadOnlyList<IndexDescription>>(
        tables => tables.Read(
            """
            SELECT name, mapping, count(id) FROM indexes LEFT JOIN documents ON index_name = name
            GROUP BY name, mapping ORDER BY name
            """,
            [],
            (chunk, row) => new IndexDescription(
                chunk[0].GetString(row), chunk[2].Data<long>()[row], new IndexMapping(SearchTables.ParseMapping(chunk[1].GetString(row))))),
        cancellationToken);

    public Task<IReadOnlyList<IndexedDocument>> BulkAsync(
        string index, IReadOnlyList<SearchDocument> documents, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(documents);
        return InTransactionAsync(
            tables =>
            {
                var mapper = tables.Require(index);
                var operations = documents.Select(d => new IndexOperation(d.Id, d.Source)).ToList();
                var results = new BulkWrite(tables.Connection, index, mapper).Write(operations);
                tables.WriteIfChanged(index, mapper);
                return results;
            },
            cancellationToken);
    }

    public Task<BulkAnswer> BulkAsync(string? index, BulkBody body, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(body);
        return InTransactionAsync(tables => tables.Write(IndexOperation.Parse(index, body)), cancellationToken);
    }

    public Task<JsonElement?> GetAsync(string index, string id, CancellationToken cancellationToken) => TakeTurnAsync(
        tables =>
        {
            var (names, parameters) = tables.Resolve(index);
            var found = tables.Read(
                $"SELECT source FROM documents WHERE index_name IN ({names}) AND id = ${parameters.Count + 1}", [.. parameters, id],
                (chunk, row) => Parse(chunk[0].GetUtf8(row)));
            return found.Count == 0 ? (JsonElement?)null : found[0];
        },
        cancellationToken);

    public Task<SearchPage> SearchAsync(string index, string? text, int from, int size, CancellationToken cancellationToken)
    {
        if (from < 0 || size < 0 || from + (long)size > MaxResultWindow)
        {
            throw new TidemillException(
                ErrorCode.InvalidRequest, $"A search reaches the first {MaxResultWindow} hits; from {from} with size {size} lies outside.");
        }

        var words = SearchWords.Of(text ?? "").Distinct().ToList();
        return TakeTurnAsync(
            tables =>
            {
                var (names, parameters) = tables.Resolve(index);
                var matches = string.Concat(words.Select((_, i) =>
                    string.Create(CultureInfo.InvariantCulture, $" AND contains(words, ${parameters.Count + i + 1})")));
                object[] values = [.. parameters, .. words.Select(word => $" {word} ")];
                var total = tables.Read(
                    $"SELECT count(*) FROM documents WHERE index_name IN ({names}){matches}",
                    values, (chunk, row) => chunk[0].Data<long>()[row]);
                var hits = tables.Read(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"SELECT id, version, source FROM documents WHERE index_name IN ({names}){matches} ORDER BY id LIMIT {size} "
                            + $"OFFSET {from}"),
                    values, Hit);
                return new SearchPage(total[0], hits);
            },
            cancellationToken);
    }

    public Task DeleteIndexAsync(string index, CancellationToken cancellationToken) => InTransactionAsync(
        tables =>
        {
            tables.Require(index);
            tables.Write("DELETE FROM documents WHERE index_name = $1", index);
            tables.Write("DELETE FROM aliases WHERE index_name = $1", index);
            tables.Write("DELETE FROM indexes WHERE name = $1", index);
            return true;
        },
        cancellationToken);

    public async IAsyncEnumerable<SearchHit> ScanAsync(string pattern, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var like = pattern.Replace("*", "%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal);
        var (index, id) = ("", "");
        while (true)
        {
            var page = await TakeTurnAsync(
                tables => tables.Read(
                    $"""
                    SELECT id, version, source, index_name FROM documents
                    WHERE index_name LIKE $1 ESCAPE '\' AND (index_name, id) > ($2, $3) ORDER BY index_name, id LIMIT {ScanPage}
                    """,
                    [like, index, id],
                    (chunk, row) => (Index: chunk[3].GetString(row), Hit: Hit(chunk, row))),
                cancellationToken);
            if (page.Count == 0)
                yield break;

            foreach (var (_, hit) in page)
                yield return hit;

            (index, id) = (page[^1].Index, page[^1].Hit.Id);
        }
    }

    public Task<IReadOnlyDictionary<TopicPartition, LogOffset>> ReadCheckpointsAsync(
        CheckpointOwner owner, IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken) =>
        TakeTurnAsync(tables => tables.ReadCheckpoints(owner, partitions), cancellationToken);

    public Task RequireCheckpointsAsync(CheckpointOwner owner, IReadOnlyList<OffsetRange> ranges, CancellationToken cancellationToken) =>
        TakeTurnAsync(tables => tables.RequireCheckpoints(owner, ranges), cancellationToken);

    public Task AdvanceCheckpointsAsync(CheckpointOwner owner, IReadOnlyList<OffsetRange> ranges, CancellationToken cancellationToken) =>
        InTransactionAsync(
            tables =>
            {
                tables.RequireCheckpoints(owner, ranges);
                tables.SetCheckpoints(owner, ranges);
                return true;
            },
            cancellationToken);

    public ValueTask DisposeAsync() => _file.DisposeAsync();

    private Task<T> InTransactionAsync<T>(Func<SearchTables, T> work, CancellationToken cancellationToken) =>
        _file.CommitAsync(connection => work(new SearchTables(connection, Description)), cancellationToken);

    private Task<T> TakeTurnAsync<T>(Func<SearchTables, T> work, CancellationToken cancellationToken) =>
        _file.TakeTurnAsync(connection => work(new SearchTables(connection, Description)), cancellationToken);

    private static SearchHit Hit(DataChunk chunk, int row) =>
        new(chunk[0].GetString(row), chunk[1].Data<long>()[row], Parse(chunk[2].GetUtf8(row)));

    private static JsonElement Parse(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        return JsonElement.ParseValue(ref reader);
    }
}
