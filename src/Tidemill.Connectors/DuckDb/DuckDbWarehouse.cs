using System.Globalization;
using Tidemill.Connectors.DuckDb.Keys;
using Tidemill.Connectors.Tables;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.DuckDb;

/// <summary>
/// The embedded warehouse: one DuckDB file, held by this process alone. A transaction that commits is in the
/// write-ahead log on disk. Writers do not wait for each other, but for those of one table that is written by key; the
/// later of two that touch the same row fails with TransactionConflict. When the engine breaks, as it does when the disk is full
/// during a checkpoint, calls under way fail with DiskFull or Unavailable and the next one opens the file again.
/// </summary>
public sealed class DuckDbWarehouse : IWarehouse
{
    private readonly DuckDbSessions _sessions;

    private DuckDbWarehouse(DuckDbSessions sessions, string project) => (_sessions, Project) = (sessions, project);

    public string Project { get; }

    public SqlDialect Dialect => DuckDbDialect.Instance;

    public string Description => _sessions.Description;

    public string DefaultSchema => DuckDbCatalog.DefaultSchema;

    /// <summary>The open database, for work that needs the engine itself. Owned by the warehouse; another one after a failure.</summary>
    public DuckDbDatabase Database => _sessions.Database;

    /// <summary>
    /// Opens the file, creating it, its folder and the tables of writers when missing. Sessions run in UTC, within
    /// <see cref="WarehouseConnection.MemoryLimit"/>; extensions are neither fetched nor loaded by themselves, and SQL reaches
    /// no file outside <see cref="WarehouseConnection.Files"/>.
    /// </summary>
    /// <exception cref="TidemillException">
    /// DataFolderLocked: another process holds the file. DataCorrupt: it is no database. ConfigurationInvalid: DuckDB
    /// refuses a setting. DiskFull, AccessDenied.
    /// </exception>
    public static async Task<DuckDbWarehouse> OpenAsync(
        string path, WarehouseConnection connection, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ArgumentNullException.ThrowIfNull(connection);
        var description = $"DuckDB {Path.GetFileName(path)}";
        var memory = new DuckDbMemory(connection.MemoryLimit);
        var warehouse = new DuckDbWarehouse(
            new DuckDbSessions(() => Open(path, connection, memory, description), memory, description), connection.Project);
        try
        {
            await warehouse.MigrateAsync(SystemTables.OfWriters, cancellationToken);
            return warehouse;
        }
        catch
        {
            await warehouse.DisposeAsync();
            throw;
        }
    }

    private static DuckDbDatabase Open(string path, WarehouseConnection connection, DuckDbMemory memory, string description)
    {
        var settings = new Dictionary<string, string>
        {
            // SQL promises no order without ORDER BY; not keeping one lets a plain INSERT run on all threads.
            ["preserve_insertion_order"] = "false",
            ["autoinstall_known_extensions"] = "false",
            ["autoload_known_extensions"] = "false",
        };
        if (connection.Threads > 0)
            settings["threads"] = connection.Threads.ToString(CultureInfo.InvariantCulture);

        try
        {
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is { Length: > 0 } folder)
                Directory.CreateDirectory(folder);

            return Confine(memory.Open(path, settings), connection.Files);
        }
        catch (DuckDbException error)
        {
            throw DuckDbErrors.Map(error, DuckDbWork.Opening, description);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new TidemillException(ErrorCode.AccessDenied, $"{description}: its folder cannot be made.", error);
        }
        catch (IOException error)
        {
            throw StorageErrors.From($"open {description}", error);
        }
    }

    /// <summary>
    /// Sessions in UTC, and SQL kept from the machine's files: the engine goes on with its own ones, and no statement can take
    /// this back while it is open.
    /// </summary>
    private static DuckDbDatabase Confine(DuckDbDatabase database, IReadOnlyList<string> folders)
    {
        try
        {
            using var connection = database.Connect();
            connection.Execute("SET GLOBAL TimeZone = 'UTC'");
            connection.Execute($"SET GLOBAL allowed_directories = [{string.Join(", ", folders.Select(SqlName.Literal))}]");
            connection.Execute("SET GLOBAL enable_external_access = false");
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    public async Task<long> ExecuteAsync(string sql, IReadOnlyList<object?> parameters, CancellationToken cancellationToken)
    {
        using var change = await ChangeAsync([sql], cancellationToken);
        return await _sessions.RunOnceAsync(
            DuckDbWork.Querying, connection => Execute(connection, sql, parameters), connection => BuildsKeys(connection, [sql], [sql]),
            cancellationToken);
    }

    public async Task<IReadOnlyList<long>> ExecuteInTransactionAsync(
        IReadOnlyList<string> statements, CancellationToken cancellationToken)
    {
        using var change = await ChangeAsync(statements, cancellationToken);
        var (done, running) = (0, statements);
        return await _sessions.RunOnceAsync<IReadOnlyList<long>>(DuckDbWork.Querying, connection =>
        {
            // A failure drops the session, and with it the transaction.
            connection.Begin();
            var changed = new List<long>(statements.Count);
            for (done = 0; done < statements.Count; done++)
            {
                running = [statements[done]];
                changed.Add(Execute(connection, statements[done], []));
            }

            running = statements;
            connection.Commit();
            return changed;
        }, connection => BuildsKeys(connection, [.. statements.Take(done + 1)], running), cancellationToken);
    }

    /// <param name="connection">Reads the catalogue.</param>
    /// <param name="statements">What the transaction has run.</param>
    /// <param name="running">What of it ran out of memory: the last one, or all of them at the commit.</param>
    private bool BuildsKeys(DuckDbConnection connection, IReadOnlyList<string> statements, IReadOnlyList<string> running)
    {
        if (_sessions.TargetsOf(running).OnlyMakesTables)
            return false;

        var targets = _sessions.TargetsOf(statements);
        return targets.BuildsIndexes || DuckDbCatalog.IndexedTables(connection).Any(table => targets.MayChange(table));
    }

    private Task<TableChange> ChangeAsync(IReadOnlyList<string> statements, CancellationToken cancellationToken)
    {
        var targets = _sessions.TargetsOf(statements);
        return _sessions.Keys.ChangeAsync(name => targets.MayChange(name), [], cancellationToken);
    }

    internal static long Execute(DuckDbConnection connection, string sql, IReadOnlyList<object?> parameters)
    {
        using var statement = Prepare(connection, sql, parameters);
        return statement.Execute();
    }

    internal static DuckDbStatement Prepare(DuckDbConnection connection, string sql, IReadOnlyList<object?> parameters)
    {
        var statement = connection.Prepare(sql);
        try
        {
            for (var i = 0; i < parameters.Count; i++)
                statement.BindAny(i + 1, parameters[i]);

            return statement;
        }
        catch
        {
            statement.Dispose();
            throw;
        }
    }

    public async Task<IQueryResult> QueryAsync(
        string sql, IReadOnlyList<object?> parameters, bool readOnly, CancellationToken cancellationToken)
    {
        if (readOnly)
            ReadOnlySql.Require(sql);

        var change = readOnly ? null : await ChangeAsync([sql], cancellationToken);
        return await Task.Run<IQueryResult>(() =>
        {
            DuckDbSession? session = null;
            try
            {
                session = _sessions.Rent();
                return _sessions.Run(session, DuckDbWork.Querying,
                    connection => Query(session, connection, sql, parameters, change), cancellationToken);
            }
            catch
            {
                if (session is not null)
                    _sessions.Drop(session);

                change?.Dispose();
                throw;
            }
        }, CancellationToken.None);
    }

    /// <param name="change">What the query changes; null when it only reads.</param>
    private DuckDbQueryResult Query(
        DuckDbSession session, DuckDbConnection connection, string sql, IReadOnlyList<object?> parameters, TableChange? change)
    {
        var readOnly = change is null;
        if (readOnly)
            connection.Execute("BEGIN TRANSACTION READ ONLY");

        using var statement = Prepare(connection, sql, parameters);
        return new DuckDbQueryResult(_sessions, session, statement.Query(), isSound => Release(session, change, isSound));
    }

    /// <summary>A session that only read is used again; a user's statement may have left settings behind in others.</summary>
    private void Release(DuckDbSession session, TableChange? change, bool isSound)
    {
        using (change)
        {
            if (change is null && isSound && RollBack(session))
                _sessions.Return(session);
            else
                _sessions.Drop(session);
        }
    }

    private bool RollBack(DuckDbSession session)
    {
        try
        {
            return _sessions.Run(session, DuckDbWork.Querying, connection =>
            {
                connection.Rollback();
                return true;
            }, CancellationToken.None);
        }
        catch (TidemillException)
        {
            return false;
        }
    }

    public Task<TableDescription?> DescribeAsync(TableName table, CancellationToken cancellationToken) =>
        _sessions.RunAsync(DuckDbWork.Querying, connection => DuckDbCatalog.Describe(connection, table), cancellationToken);

    public Task<TablePlan> PlanAsync(TableSpec spec, CancellationToken cancellationToken) =>
        _sessions.RunAsync(DuckDbWork.Querying, connection => TablePlanner.Plan(
            spec, DuckDbCatalog.Describe(connection, spec.Name), DuckDbCatalog.Indexes(connection, spec.Name),
            DuckDbDialect.Instance), cancellationToken);

    public async Task ApplyAsync(TablePlan plan, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (plan.Steps.Count > 0)
            await ExecuteInTransactionAsync([.. plan.Steps.Select(step => step.Sql)], cancellationToken);
    }

    public Task<ISqlSession> OpenSessionAsync(CancellationToken cancellationToken) =>
        Task.FromResult<ISqlSession>(new DuckDbSqlSession(_sessions));

    public Task<IWarehouseWriter> OpenWriterAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IWarehouseWriter>(new DuckDbWriter(_sessions, Project));

    /// <summary>Closes the file once writers and results are disposed, too.</summary>
    public async ValueTask DisposeAsync() => await Task.Run(_sessions.Dispose);
}
