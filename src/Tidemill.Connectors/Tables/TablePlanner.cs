using Tidemill.Core.Errors;
using Tidemill.Core.Schemas;
using Tidemill.Core.Warehouses;

namespace Tidemill.Connectors.Tables;

/// <summary>Compares the table that is with the table that is wanted. Only additive steps are ever planned.</summary>
internal static class TablePlanner
{
    /// <param name="spec">What is wanted.</param>
    /// <param name="table">What is there; null for nothing.</param>
    /// <param name="indexes">Names of the indexes on the table.</param>
    /// <param name="dialect">The engine's types.</param>
    /// <exception cref="TidemillException">SchemaConflict: a column, its type or the key would have to be given up.</exception>
    public static TablePlan Plan(
        TableSpec spec, TableDescription? table, IReadOnlySet<string> indexes, TableDialect dialect)
    {
        Require(spec);
        var steps = new List<TableStep>();
        if (table is null)
        {
            AddCreation(steps, spec, dialect);
        }
        else
        {
            AddKey(steps, spec, table, dialect);
            foreach (var field in spec.Schema.Fields)
                AddColumn(steps, spec, table, field, dialect);

            if (dialect.IndexesBlockAlteration && steps.Exists(step => step.Alters))
                indexes = TakeIndexesAway(steps, spec, indexes, dialect);
        }

        foreach (var index in spec.Indexes)
        {
            var name = Shortened(index.NameFor(spec.Name), dialect.MaxIdentifierBytes);
            if (!indexes.Contains(name))
            {
                steps.Add(new TableStep(
                    $"create index {name} on {spec.Name} ({string.Join(", ", index.Columns)})",
                    $"CREATE {(index.Unique ? "UNIQUE " : "")}INDEX IF NOT EXISTS {SqlName.Quote(name)} ON {spec.Name.Quoted} "
                        + $"({SqlName.List(index.Columns)})"));
            }
        }

        return new TablePlan(spec.Name, steps);
    }

    private static void AddCreation(List<TableStep> steps, TableSpec spec, TableDialect dialect)
    {
        if (spec.Name.Schema is { } schema)
            steps.Add(new TableStep($"create schema {schema} if missing", $"CREATE SCHEMA IF NOT EXISTS {SqlName.Quote(schema)}"));

        var columns = spec.Schema.Fields.Select(field =>
            $"{SqlName.Quote(field.Name)} {dialect.TypeName(field.Type)}{(field.Required ? " NOT NULL" : "")}");
        var key = spec.PrimaryKey.Count == 0 || IsLeftToWriters(spec, dialect) ? "" : $", PRIMARY KEY ({SqlName.List(spec.PrimaryKey)})";
        steps.Add(new TableStep(
            $"create table {spec.Name} ({spec.Schema.Fields.Count} columns)",
            $"CREATE TABLE IF NOT EXISTS {spec.Name.Quoted} ({string.Join(", ", columns)}{key})"));
    }

    private static void AddColumn(
        List<TableStep> steps, TableSpec spec, TableDescription table, Field field, TableDialect dialect)
    {
        var column = table.Columns.FirstOrDefault(c => c.Name.Equals(field.Name, StringComparison.OrdinalIgnoreCase));
        if (column is null)
        {
            if (field.Required)
            {
                throw Conflict(spec, $"column {field.Name} is missing and required; rows already stored have no value for it",
                    $"Make {field.Name} optional");
            }

            steps.Add(new TableStep(
                $"add column {field.Name} {dialect.TypeName(field.Type)} to {spec.Name}",
                $"ALTER TABLE {spec.Name.Quoted} ADD COLUMN IF NOT EXISTS {SqlName.Quote(field.Name)} {dialect.TypeName(field.Type)}"));
            return;
        }

        if (!dialect.CanHold(column, field.Type))
        {
            if (spec.MayWiden && column.Type is { } stored && dialect.CanBecome(stored, field.Type))
            {
                var (name, type) = (SqlName.Quote(column.Name), dialect.TypeName(field.Type));
                steps.Add(new TableStep(
                    $"change column {column.Name} of {spec.Name} from {column.SqlType} to {type}",
                    $"ALTER TABLE {spec.Name.Quoted} ALTER COLUMN {name} SET DATA TYPE {type} USING CAST({name} AS {type})")
                { Alters = true });
                return;
            }

            throw Conflict(spec, $"column {field.Name} is {column.SqlType}, declared is {dialect.TypeName(field.Type)}",
                $"Declare {field.Name} as {column.SqlType}");
        }
    }

    /// <summary>Puts steps in front that drop the spec's indexes; what is left of the set has them created again.</summary>
    private static HashSet<string> TakeIndexesAway(
        List<TableStep> steps, TableSpec spec, IReadOnlySet<string> indexes, TableDialect dialect)
    {
        var own = spec.Indexes.Select(index => Shortened(index.NameFor(spec.Name), dialect.MaxIdentifierBytes))
            .Where(indexes.Contains)
            .ToList();
        steps.InsertRange(
            0,
            own.Select(name => new TableStep($"drop index {name} while the table changes", $"DROP INDEX IF EXISTS {SqlName.Quote(name)}")));
        return [.. indexes.Except(own, StringComparer.OrdinalIgnoreCase)];
    }

    private static bool IsLeftToWriters(TableSpec spec, TableDialect dialect) =>
        spec.Rule != ConflictRule.Append && dialect.WritersKnowKeys;

    /// <summary>A table whose key was left to writers gets it when it comes to be needed.</summary>
    private static void AddKey(List<TableStep> steps, TableSpec spec, TableDescription table, TableDialect dialect)
    {
        if (table.Kind != RelationKind.Table)
            throw Conflict(spec, "it is a view, rows cannot be written to it", "Choose another table name, or drop the view");

        var wanted = spec.PrimaryKey.ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (wanted.Count == 0 || wanted.SetEquals(table.PrimaryKey) || (table.PrimaryKey.Count == 0 && IsLeftToWriters(spec, dialect)))
            return;

        if (table.PrimaryKey.Count > 0 || !dialect.WritersKnowKeys)
        {
            var there = table.PrimaryKey.Count == 0 ? "none" : $"({string.Join(", ", table.PrimaryKey)})";
            throw Conflict(spec, $"its primary key is {there}, declared is ({string.Join(", ", spec.PrimaryKey)})",
                "Declare the key the table has, or add the declared one to the table");
        }

        var columns = SqlName.List(spec.PrimaryKey);
        steps.Add(new TableStep(
            $"add primary key ({columns}) to {spec.Name}",
            $"ALTER TABLE {spec.Name.Quoted} ADD PRIMARY KEY ({columns})")
        { Alters = true });
    }

    private static void Require(TableSpec spec)
    {
        foreach (var name in spec.PrimaryKey.Concat(spec.Indexes.SelectMany(index => index.Columns)))
        {
            if (spec.Schema.IndexOf(name) < 0)
            {
                throw new TidemillException(ErrorCode.SchemaConflict,
                    $"Table {spec.Name}: its key or an index names column {name}, which its schema lacks.");
            }
        }
    }

    private static TidemillException Conflict(TableSpec spec, string problem, string fix) =>
        new(ErrorCode.SchemaConflict, $"Table {spec.Name}: {problem}. {fix}, or move the table away and replay the topic.");

    private static string Shortened(string name, int maxBytes) =>
        IdentifierText.Fit(name, maxBytes) == name ? name : IdentifierText.WithHash(name, name, 8, maxBytes);
}
