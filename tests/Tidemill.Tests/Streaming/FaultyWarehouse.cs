using Tidemill.Core.Batches;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;

namespace Tidemill.Tests.Streaming;

/// <summary>Where a writer fails.</summary>
internal enum Fault
{
    None,
    Begin,
    Write,
    Commit,

    /// <summary>The commit happens, its answer is lost.</summary>
    CommitAnswer,
}

/// <summary>A real warehouse whose writers fail as told, whose queries find it away as told, and whose results are watched.</summary>
internal sealed class FaultyWarehouse(
    IWarehouse inner, Func<Fault> next, Func<bool>? away = null, Func<IQueryResult, IQueryResult>? watch = null) : IWarehouse
{
    public SqlDialect Dialect => inner.Dialect;

    public Task<ISqlSession> OpenSessionAsync(CancellationToken cancellationToken) => inner.OpenSessionAsync(cancellationToken);

    public string Project => inner.Project;

    public string Description => inner.Description;

    public string DefaultSchema => inner.DefaultSchema;

    public Task<long> ExecuteAsync(string sql, IReadOnlyList<object?> parameters, CancellationToken cancellationToken) =>
        inner.ExecuteAsync(sql, parameters, cancellationToken);

    public Task<IReadOnlyList<long>> ExecuteInTransactionAsync(IReadOnlyList<string> statements, CancellationToken cancellationToken) =>
        inner.ExecuteInTransactionAsync(statements, cancellationToken);

    public async Task<IQueryResult> QueryAsync(
        string sql, IReadOnlyList<object?> parameters, bool readOnly, CancellationToken cancellationToken)
    {
        if (away?.Invoke() == true)
            throw new TidemillException(ErrorCode.Unavailable, "The test's warehouse is away for queries.");

        var result = await inner.QueryAsync(sql, parameters, readOnly, cancellationToken);
        return watch is null ? result : watch(result);
    }

    public Task<TableDescription?> DescribeAsync(TableName table, CancellationToken cancellationToken) =>
        inner.DescribeAsync(table, cancellationToken);

    public Task<TablePlan> PlanAsync(TableSpec spec, CancellationToken cancellationToken) => inner.PlanAsync(spec, cancellationToken);

    public Task ApplyAsync(TablePlan plan, CancellationToken cancellationToken) => inner.ApplyAsync(plan, cancellationToken);

    public async Task<IWarehouseWriter> OpenWriterAsync(CancellationToken cancellationToken) =>
        new Writer(await inner.OpenWriterAsync(cancellationToken), next);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class Writer(IWarehouseWriter inner, Func<Fault> next) : IWarehouseWriter
    {
        private Fault _fault;

        public async Task BeginAsync(CancellationToken cancellationToken)
        {
            _fault = next();
            Fail(Fault.Begin);
            await inner.BeginAsync(cancellationToken);
        }

        public Task<bool[]> InsertNewKeysAsync(TableName seen, Batch keys, CancellationToken cancellationToken) =>
            inner.InsertNewKeysAsync(seen, keys, cancellationToken);

        public async Task<long> WriteAsync(TableWrite write, Batch rows, CancellationToken cancellationToken)
        {
            var written = await inner.WriteAsync(write, rows, cancellationToken);
            Fail(Fault.Write);
            return written;
        }

        public Task AdvanceAsync(CheckpointOwner owner, IReadOnlyList<OffsetRange> ranges, CancellationToken cancellationToken) =>
            inner.AdvanceAsync(owner, ranges, cancellationToken);

        public Task<long> ExecuteAsync(string sql, IReadOnlyList<object?> parameters, CancellationToken cancellationToken) =>
            inner.ExecuteAsync(sql, parameters, cancellationToken);

        public async Task CommitAsync(CancellationToken cancellationToken)
        {
            Fail(Fault.Commit);
            await inner.CommitAsync(cancellationToken);
            Fail(Fault.CommitAnswer);
        }

        public Task RollbackAsync() => inner.RollbackAsync();

        public ValueTask DisposeAsync() => inner.DisposeAsync();

        private void Fail(Fault place)
        {
            if (_fault == place)
                throw new TidemillException(ErrorCode.Unavailable, $"The test's warehouse is away at {place}.");
        }
    }
}
