using System.Buffers.Binary;
using System.Security.Cryptography;
using Tidemill.Core.Logs;
using Tidemill.DuckDb;

namespace Tidemill.Streaming.Verification;

/// <summary>Records that a stream passes on as they are, each by a hash of its key and value bytes.</summary>
internal sealed class PassedOnRecords(DuckDbConnection connection) : IExpectation, IDisposable
{
    public const string Column = "content";

    private readonly DataChunk _expected = DataChunk.Create(LogicalType.BigInt, LogicalType.HugeInt);
    private readonly DataChunk _actual = DataChunk.Create(LogicalType.HugeInt);

    /// <summary>Makes the two tables.</summary>
    public static void Prepare(DuckDbConnection connection) => connection.Execute(
        $"CREATE TABLE expected_rows ({ExpectedRows.RunColumn} BIGINT, {Column} HUGEINT); CREATE TABLE actual_rows ({Column} HUGEINT)");

    public long Take(long run, FetchedRecords records, List<RecordPosition> missing, CancellationToken cancellationToken)
    {
        Append("expected_rows", _expected, records.Records, run);
        return records.Records.Length;
    }

    /// <summary>Takes records of the target in.</summary>
    public void TakeActual(ReadOnlySpan<RecordRef> records) => Append("actual_rows", _actual, records, run: null);

    public void Dispose()
    {
        _expected.Dispose();
        _actual.Dispose();
    }

    private void Append(string table, DataChunk chunk, ReadOnlySpan<RecordRef> records, long? run)
    {
        using var appender = connection.Append(null, table);
        for (var start = 0; start < records.Length; start += DataChunk.Capacity)
        {
            chunk.Reset();
            var part = records.Slice(start, Math.Min(DataChunk.Capacity, records.Length - start));
            for (var i = 0; i < part.Length; i++)
            {
                if (run is { } number)
                    chunk[0].Data<long>()[i] = number;

                chunk[chunk.ColumnCount - 1].Data<Int128>()[i] = Hash(part[i]);
            }

            chunk.Size = part.Length;
            appender.Append(chunk);
        }

        appender.Close();
    }

    private static Int128 Hash(in RecordRef record)
    {
        Span<byte> lengths = stackalloc byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(lengths, record.HasKey ? record.Key.Length : -1);
        BinaryPrimitives.WriteInt32LittleEndian(lengths[4..], record.IsTombstone ? -1 : record.Value.Length);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(lengths);
        hash.AppendData(record.Key);
        hash.AppendData(record.Value);
        Span<byte> result = stackalloc byte[32];
        hash.GetHashAndReset(result);
        // HUGEINT has no -2^127.
        return BinaryPrimitives.ReadInt128LittleEndian(result) >> 1;
    }
}
