using System.Globalization;
using Tidemill.Core.Batches;
using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;
using Tidemill.Streaming.Decoding;
using Tidemill.Streaming.Pipeline;
using Tidemill.Streaming.Transforms;

namespace Tidemill.Streaming.Verification;

/// <summary>
/// The rows that a stream's records must give, worked out by plain SQL in a scratch DuckDB: the transform's rows are kept
/// whole in <c>expected_rows</c>, with the number of the run of records they come from; conflict rules are applied only when
/// comparing. The code that writes to sinks takes no part.
/// </summary>
internal sealed class ExpectedRows : IExpectation, IDisposable
{
    public const string RunColumn = "_run";

    private readonly DuckDbDatabase _database;
    private readonly BatchDecoder _decoder;
    private readonly ChunkSource _chunks;
    private readonly DuckDbStatement _insert;
    private readonly string _select;
    private readonly IReadOnlyList<string> _deduplicate;

    public ExpectedRows(StreamDefinition stream)
    {
        _deduplicate = stream.Deduplicate;
        _database = ScratchDatabase.Open(threads: null, "1GB");
        Connection = _database.ConnectInUtc();
        _decoder = new BatchDecoder(stream.Decode!, RowMaker.MetadataIn(stream.Transform));
        var input = _decoder.Schema;
        _chunks = _database.Register(new ChunkSource([.. input.Fields.Select(f => f.Name)], input.ToLogical(), ordered: true));
        Connection.Execute($"CREATE TEMP VIEW batch AS SELECT * FROM {_chunks.Sql}");
        _select = SqlTransform.WithCasts(Connection, stream.Transform?.Text ?? "SELECT * FROM batch", RowMaker.Casts(stream));
        Connection.Execute($"CREATE TABLE expected_rows AS SELECT 0::BIGINT AS {RunColumn}, * FROM ({_select}\n) LIMIT 0");
        if (Deduplicates)
            Connection.Execute("CREATE SEQUENCE record_number; CREATE TABLE records AS SELECT 0::BIGINT AS _number, * FROM batch LIMIT 0");

        _insert = Connection.Prepare(Deduplicates
            ? "INSERT INTO records SELECT nextval('record_number'), * FROM batch"
            : $"INSERT INTO expected_rows SELECT $1, * FROM ({_select}\n)");
        using var probe = Connection.Prepare("SELECT * FROM expected_rows");
        Columns = [.. probe.ColumnNames.Skip(1)];
        Types = [.. probe.ColumnTypes.Skip(1)];
    }

    public DuckDbConnection Connection { get; }

    /// <summary>A further session on the same tables, for reading while <see cref="Connection"/> writes.</summary>
    public DuckDbConnection Connect() => _database.Connect();

    /// <summary>The transform's columns.</summary>
    public IReadOnlyList<string> Columns { get; }

    public IReadOnlyList<LogicalType> Types { get; }

    private bool Deduplicates => _deduplicate.Count > 0;

    public long Take(long run, FetchedRecords records, List<RecordPosition> missing, CancellationToken cancellationToken)
    {
        using var decoded = _decoder.Decode([records], cancellationToken);
        missing.AddRange(decoded.Rejected.Select(r => r.Position));
        Add(run, decoded);
        return decoded.Rows;
    }

    /// <summary>Keeps the rows of the run with this number.</summary>
    private void Add(long run, DecodedBatch decoded)
    {
        if (decoded.Chunks.Count == 0)
            return;

        _chunks.Set(decoded.Chunks);
        if (!Deduplicates)
            _insert.Bind(1, run);

        _insert.Execute();
        _chunks.Clear();
    }

    /// <summary>Ends the adding: a stream that deduplicates now gets its rows, from the first record of each key.</summary>
    public void Complete()
    {
        if (!Deduplicates)
            return;

        Connection.Execute("CREATE OR REPLACE TEMP VIEW batch AS SELECT * EXCLUDE (_number) FROM records QUALIFY row_number() OVER " +
            $"(PARTITION BY {SqlName.List(_deduplicate)} ORDER BY _number) = 1");
        Connection.Execute(string.Create(CultureInfo.InvariantCulture, $"INSERT INTO expected_rows SELECT 0, * FROM ({_select}\n)"));
    }

    /// <summary>The runs of the first rows in <c>lost</c>.</summary>
    public List<long> LostRuns()
    {
        var runs = new List<long>();
        using var result = Connection.Query($"SELECT DISTINCT {RunColumn} FROM lost ORDER BY 1 LIMIT 20");
        while (result.Fetch() is { } chunk)
        {
            using (chunk)
                runs.AddRange(chunk[0].Data<long>()[..chunk.Size]);
        }

        return runs;
    }

    /// <summary>The one number that a query gives.</summary>
    public long Number(string sql)
    {
        using var result = Connection.Query($"SELECT ({sql})::BIGINT");
        using var chunk = result.Fetch();
        return chunk is null ? 0 : chunk[0].Data<long>()[0];
    }

    public void Dispose()
    {
        _insert.Dispose();
        Connection.Dispose();
        _decoder.Dispose();
        _database.Dispose();
    }
}
