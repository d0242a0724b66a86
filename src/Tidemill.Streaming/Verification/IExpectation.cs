using Tidemill.Core.Logs;

namespace Tidemill.Streaming.Verification;

/// <summary>What a stream's records must give, gathered in <c>expected_rows</c>.</summary>
internal interface IExpectation
{
    /// <summary>Takes a run of records in under its number; returns the rows it gives. Records that give none, but should, go
    /// to <paramref name="missing"/>.</summary>
    long Take(long run, FetchedRecords records, List<RecordPosition> missing, CancellationToken cancellationToken);
}
