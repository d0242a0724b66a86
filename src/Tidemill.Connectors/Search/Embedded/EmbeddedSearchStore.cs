using System.Globalization;
using System.Text.Json;
using Tidemill.Connectors.DuckDb;
using Tidemill.Core.Errors;
using Tidemill.Core.Search;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.Search.Embedded;

/// <summary>
/// The search store of a laptop: one DuckDB file, <c>search.duckdb</c>.
/// <code>
/// indexes   (name primary key, mapping)                             mapping: JSON object, field to Elasticsearch type
/// documents (index_name, id, version, source, words; key the first two)  source: the JSON as written; words: see SearchWords
/// </code>
/// A bulk request is one transaction, durable on return; DuckDB recovers the file. Calls take turns.
/// </summary>
public sealed class EmbeddedSearchStore : ISearchStore
{
    /// <summary>Hits that a search reaches at most, as Elasticsearch's max_result_window.</summary>
    public const int MaxResultWindow = 10_000;

    private const string FileName = "search.duckdb";

    private const string Schema =
        """
        CREATE TABLE IF NOT EXISTS indexes (name VARCHAR PRIMARY KEY, mapping VARCHAR NOT NULL);
        CREATE TABLE IF NOT EXISTS documents (
            index_name VARCHAR, id VARCHAR, version BIGINT NOT NULL, source VARCHAR NOT NULL, words VARCHAR NOT NULL,
            PRIMARY KEY (index_name, id));
        """;

    private static readonly Dictionary<string, string> Settings = new() { ["memory_limit"] = "256MB", ["threads"] = "2" };

    private readonly SemaphoreSlim turn = new(1);
    private readonly DuckDbDatabase database;
    private readonly DuckDbConnection connection;

    private EmbeddedSearchStore(DuckDbDatabase database, string description)
    {
        this.database = database;
        connection = database.Connect();
        Description = description;
    }

    public string Description { get; }

    /// <summary>
    /// Opens the store under the data folder, creating it when there is none. DataFolderLocked: another process has it open.
    /// </summary>
    public static Task<EmbeddedSearchStore> OpenAsync(string dataFolder, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            Directory.CreateDirectory(dataFolder);
            var path = Path.Combine(dataFolder, FileName);
            DuckDbDatabase? database = null;
            try
            {
                database = DuckDbDatabase.Open(path, Settings);
                var store = new EmbeddedSearchStore(database, path);
                store.connection.Execute(Schema);
                return store;
            }
            catch (DuckDbException error)
            {
                database?.Dispose();
                throw DuckDbErrors.Map(error, DuckDbWork.Opening, path);
            }
        },
        cancellationToken);

    public Task EnsureIndexAsync(string index, IndexMapping mapping, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(mapping);
        IndexName.Check(index);
        return TakeTurnAsync(
            () =>
            {
                var mapper = ReadMapping(index);
                var wanted = mapper ?? new FieldMapper(new Dictionary<string, string>());
                wanted.Declare(index, mapping.Fields);
                if (mapper is null || wanted.Changed)
                {
                    WriteMapping(index, wanted);
                }

                return true;
            },
            cancellationToken);
    }

    public Task<IReadOnlyList<IndexDescription>> ListIndexesAsync(CancellationToken cancellationToken) => TakeTurnAsync<IReadOnlyList<IndexDescription>>(
        () => Read(
            """
            SELECT name, mapping, count(id) FROM indexes LEFT JOIN documents ON index_name = name
            GROUP BY name, mapping ORDER BY name
            """,
            [],
            (chunk, row) => new IndexDescription(
                chunk[0].GetString(row), chunk[2].Data<long>()[row], new IndexMapping(ParseMapping(chunk[1].GetString(row))))),
        cancellationToken);

    public Task<IReadOnlyList<IndexedDocument>> BulkAsync(
        string index, IReadOnlyList<SearchDocument> documents, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(documents);
        return TakeTurnAsync(
            () =>
            {
                connection.Begin();
                try
                {
                    var mapper = Require(index);
                    var results = new BulkWrite(connection, index, mapper).Write(documents);
                    if (mapper.Changed)
                    {
                        WriteMapping(index, mapper);
                    }

                    connection.Commit();
                    return results;
                }
                catch
                {
                    RollBack();
                    throw;
                }
            },
            cancellationToken);
    }

    public Task<JsonElement?> GetAsync(string index, string id, CancellationToken cancellationToken) => TakeTurnAsync(
        () =>
        {
            Require(index);
            var found = Read(
                "SELECT source FROM documents WHERE index_name = $1 AND id = $2", [index, id], (chunk, row) => Parse(chunk[0].GetUtf8(row)));
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
        var matches = string.Concat(words.Select((_, i) => string.Create(CultureInfo.InvariantCulture, $" AND contains(words, ${i + 2})")));
        object[] parameters = [index, .. words.Select(word => $" {word} ")];
        return TakeTurnAsync(
            () =>
            {
                Require(index);
                var total = Read(
                    $"SELECT count(*) FROM documents WHERE index_name = $1{matches}", parameters, (chunk, row) => chunk[0].Data<long>()[row]);
                var hits = Read(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"SELECT id, version, source FROM documents WHERE index_name = $1{matches} ORDER BY id LIMIT {size} OFFSET {from}"),
                    parameters,
                    (chunk, row) => new SearchHit(chunk[0].GetString(row), chunk[1].Data<long>()[row], Parse(chunk[2].GetUtf8(row))));
                return new SearchPage(total[0], hits);
            },
            cancellationToken);
    }

    public Task DeleteIndexAsync(string index, CancellationToken cancellationToken) => TakeTurnAsync(
        () =>
        {
            connection.Begin();
            try
            {
                Require(index);
                Write("DELETE FROM documents WHERE index_name = $1", index);
                Write("DELETE FROM indexes WHERE name = $1", index);
                connection.Commit();
                return true;
            }
            catch
            {
                RollBack();
                throw;
            }
        },
        cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await turn.WaitAsync();
        connection.Dispose();
        database.Dispose();
        turn.Dispose();
    }

    /// <summary>DuckDB calls block, so they run on the pool; one at a time, as a connection demands.</summary>
    private async Task<T> TakeTurnAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(
                () =>
                {
                    using var cancellation = connection.CancelWith(cancellationToken);
                    return work();
                },
                cancellationToken);
        }
        catch (DuckDbException error)
        {
            throw DuckDbErrors.Map(error, DuckDbWork.Writing, Description);
        }
        finally
        {
            turn.Release();
        }
    }

    private FieldMapper Require(string index) =>
        ReadMapping(index) ?? throw new TidemillException(ErrorCode.NotFound, $"There is no index {index} in {Description}.");

    private FieldMapper? ReadMapping(string index)
    {
        var found = Read("SELECT mapping FROM indexes WHERE name = $1", [index], (chunk, row) => ParseMapping(chunk[0].GetString(row)));
        return found.Count == 0 ? null : new FieldMapper(found[0]);
    }

    private void WriteMapping(string index, FieldMapper mapper) => Write(
        "INSERT INTO indexes VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET mapping = excluded.mapping",
        index, JsonSerializer.Serialize(mapper.Fields));

    private void Write(string sql, params string[] parameters)
    {
        using var statement = connection.Prepare(sql);
        for (var i = 0; i < parameters.Length; i++)
        {
            statement.Bind(i + 1, parameters[i]);
        }

        statement.Execute();
    }

    private List<T> Read<T>(string sql, IReadOnlyList<object> parameters, Func<DataChunk, int, T> read) =>
        DocumentRows.Read(connection, sql, parameters, read);

    /// <summary>The first error counts; a rollback that fails as well finds no transaction to end.</summary>
    private void RollBack()
    {
        using var uncancelled = connection.CancelWith(CancellationToken.None);
        try
        {
            connection.Rollback();
        }
        catch (DuckDbException)
        {
        }
    }

    private static Dictionary<string, string> ParseMapping(string json) => JsonSerializer.Deserialize<Dictionary<string, string>>(json) ?? [];

    private static JsonElement Parse(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        return JsonElement.ParseValue(ref reader);
    }
}
