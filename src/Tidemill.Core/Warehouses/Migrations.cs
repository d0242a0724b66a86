using System.Globalization;
using Tidemill.Core.Errors;

namespace Tidemill.Core.Warehouses;

/// <summary>One change of system tables.</summary>
/// <param name="Name">What it does, for people.</param>
/// <param name="Statements">Its SQL. All of it happens, or nothing does.</param>
public sealed record Migration(string Name, Func<SqlDialect, IReadOnlyList<string>> Statements)
{
    /// <summary>A change of the same SQL on every engine.</summary>
    public Migration(string name, params string[] statements) : this(name, _ => statements)
    {
    }
}

/// <summary>
/// The system tables of one part of the program as the changes that made them, oldest first. A change's number is its place, from 1;
/// once released it is never altered. The first changes take tables as older versions left them.
/// </summary>
/// <param name="Owner">The part of the program.</param>
/// <param name="Migrations">The changes.</param>
public sealed record MigrationSet(string Owner, IReadOnlyList<Migration> Migrations)
{
    /// <summary>Tables with a column <c>project</c>, and the column that names the stream or workflow a row is of.</summary>
    public IReadOnlyList<(string Table, string NameColumn)> OfProjects { get; init; } = [];
}

/// <summary>Brings system tables to what the program knows.</summary>
public static class WarehouseMigrations
{
    /// <summary>
    /// Carries out the changes that the warehouse lacks, once, whichever process comes first. VersionTooOld: the warehouse has
    /// changes that this program does not know.
    /// </summary>
    public static async Task MigrateAsync(this ISqlEngine engine, MigrationSet set, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(set);
        await using var session = await engine.OpenSessionAsync(cancellationToken);
        if (await engine.DescribeAsync(new TableName(SystemTables.Migrations), cancellationToken) is not null
            && await DoneAsync(engine, session, set, cancellationToken) == set.Migrations.Count)
        {
            return;
        }

        await session.BeginAsync(cancellationToken);
        if (engine.Dialect.LockTransaction is { } wait)
            await session.ExecuteAsync(wait, [], cancellationToken);

        await session.ExecuteAsync(
            $"CREATE TABLE IF NOT EXISTS {SystemTables.Migrations} (owner TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, "
                + "applied_at TIMESTAMP NOT NULL, PRIMARY KEY (owner, number))",
            [], cancellationToken);
        for (var i = await DoneAsync(engine, session, set, cancellationToken); i < set.Migrations.Count; i++)
        {
            foreach (var sql in set.Migrations[i].Statements(engine.Dialect))
                await session.ExecuteAsync(sql, [], cancellationToken);

            await session.ExecuteAsync(
                $"INSERT INTO {SystemTables.Migrations} VALUES ($1, $2, $3, now() AT TIME ZONE 'UTC')",
                [set.Owner, i + 1, set.Migrations[i].Name], cancellationToken);
        }

        await session.CommitAsync(cancellationToken);
    }

    /// <summary>
    /// Gives the project the rows of its streams or workflows that were written before rows had a project's name.
    /// </summary>
    /// <param name="engine">The warehouse.</param>
    /// <param name="set">Whose tables.</param>
    /// <param name="project">The project's name.</param>
    /// <param name="names">Its streams or workflows.</param>
    /// <param name="cancellationToken">Gives up the change.</param>
    public static async Task AdoptAsync(
        this ISqlEngine engine, MigrationSet set, string project, IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(set);
        if (names.Count == 0)
            return;

        await engine.ExecuteInTransactionAsync(
            [
                .. set.OfProjects.Select(of => $"UPDATE {of.Table} SET project = {SqlName.Literal(project)} WHERE project = '' "
                    + $"AND {of.NameColumn} IN ({string.Join(", ", names.Select(SqlName.Literal))})"),
            ],
            cancellationToken);
    }

    private static async Task<int> DoneAsync(
        ISqlEngine engine, ISqlSession session, MigrationSet set, CancellationToken cancellationToken)
    {
        await using var result = await session.QueryAsync(
            $"SELECT coalesce(max(number), 0) FROM {SystemTables.Migrations} WHERE owner = $1", [set.Owner], cancellationToken);
        var done = 0;
        await foreach (var row in result.ReadRowsAsync(cancellationToken))
            done = Convert.ToInt32(row[0], CultureInfo.InvariantCulture);

        return done <= set.Migrations.Count
            ? done
            : throw new TidemillException(
                ErrorCode.VersionTooOld,
                $"{engine.Description}: the system tables of {set.Owner} are at change {done}, and this program knows "
                    + $"{set.Migrations.Count}.");
    }
}
